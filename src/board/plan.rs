//! Cards that are made together: how they are called among each other, and in which order they are made.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The longest name, in bytes.
const NAME_MAX: usize = 64;

/// A name by which cards of one file speak of each other. It has no blanks, so that a line of output can be taken
/// apart, and is no id, so that a parent means one thing.
pub fn name(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > NAME_MAX {
        return Err(format!("a name has 1 to {NAME_MAX} bytes"));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("the name {text:?} has blanks"));
    }
    if text.parse::<super::id::TaskId>().is_ok() {
        return Err(format!("the name {text:?} would be taken for an id"));
    }
    Ok(text.to_owned())
}

/// Every card after those it waits for, and else as they stand. `parents` has, for each card, the places of the cards
/// it waits for. Where that cannot be: the places of a circle, each before the one that it waits for.
pub fn order(parents: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut children = vec![Vec::new(); parents.len()];
    let mut open: Vec<usize> = parents.iter().map(Vec::len).collect();
    for (card, above) in parents.iter().enumerate() {
        for parent in above {
            children[*parent].push(card);
        }
    }
    let free = (0..parents.len()).filter(|card| open[*card] == 0);
    let mut free: BinaryHeap<Reverse<usize>> = free.map(Reverse).collect();
    let mut order = Vec::with_capacity(parents.len());
    while let Some(Reverse(card)) = free.pop() {
        order.push(card);
        for child in &children[card] {
            open[*child] -= 1;
            if open[*child] == 0 {
                free.push(Reverse(*child));
            }
        }
    }
    match open.iter().position(|count| *count > 0) {
        None => Ok(order),
        Some(stuck) => Err(circle(parents, &open, stuck)),
    }
}

/// A circle above a card that waits for one: each step goes to a parent that is not free either.
fn circle(parents: &[Vec<usize>], open: &[usize], from: usize) -> Vec<usize> {
    let mut path = vec![from];
    let mut at = from;
    while let Some(next) = parents[at].iter().copied().find(|p| open[*p] > 0) {
        if let Some(start) = path.iter().position(|card| *card == next) {
            return path.split_off(start);
        }
        path.push(next);
        at = next;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_words_and_no_ids() {
        for good in ["a", "build-1", "übung", "v1.2/linux", "t_x"] {
            assert!(name(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a\n", "t_0a1b2c3d", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parents_come_first_and_a_circle_is_named() {
        assert_eq!(
            order(&[vec![2], vec![], vec![1], vec![]]),
            Ok(vec![1, 2, 0, 3])
        );
        assert_eq!(order(&[]), Ok(vec![]));
        assert_eq!(order(&[vec![0]]), Err(vec![0]));
        // 0 and 4 are not in the circle, only below and above it.
        let circle = order(&[vec![1], vec![2], vec![3, 4], vec![1], vec![]]);
        assert_eq!(circle, Err(vec![1, 2, 3]));
    }

    proptest! {
        #[test]
        fn an_order_is_one_and_a_circle_is_one(
            edges in proptest::collection::vec((0..12usize, 0..12usize), 0..20)
        ) {
            let mut parents = vec![Vec::new(); 12];
            for (child, parent) in edges {
                parents[child].push(parent);
            }
            match order(&parents) {
                Ok(order) => {
                    let place = |card: usize| order.iter().position(|c| *c == card);
                    for (child, above) in parents.iter().enumerate() {
                        for parent in above {
                            prop_assert!(place(*parent) < place(child));
                        }
                    }
                }
                Err(circle) => {
                    for (i, card) in circle.iter().enumerate() {
                        prop_assert!(parents[*card].contains(&circle[(i + 1) % circle.len()]));
                    }
                }
            }
        }
    }
}

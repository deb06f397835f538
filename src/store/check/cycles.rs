//! Cards that wait for each other in a circle: none of them ever starts.

use std::collections::HashMap;

use anyhow::Result;
use rusqlite::Connection;

use super::{Finding, NAMED, Severity};

/// Finds every card that is on a circle of edges. Edges of a card to itself are another rule's.
pub fn look(conn: &Connection) -> Result<Option<Finding>> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut edges = Vec::new();
    let mut statement =
        conn.prepare("SELECT parent_id, child_id FROM task_links WHERE parent_id <> child_id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut number = |id: String| {
            let next = numbers.len();
            *numbers.entry(id).or_insert(next)
        };
        let parent = number(row.get(0)?);
        edges.push((parent, number(row.get(1)?)));
    }
    let caught = on_circles(numbers.len(), &edges);
    if caught.is_empty() {
        return Ok(None);
    }
    let mut ids: Vec<String> = numbers
        .into_iter()
        .filter(|(_, number)| caught.binary_search(number).is_ok())
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids.truncate(NAMED);
    Ok(Some(Finding {
        rule: "cycle",
        severity: Severity::Error,
        count: caught.len(),
        ids,
        what: "cards that wait for each other in a circle, and never start".into(),
        advice: "decide which edge is wrong: kanban graph ID, kanban unlink PARENT CHILD".into(),
        fixable: false,
        fixed: 0,
    }))
}

/// The nodes that are left when whatever has nothing before it, or nothing behind it, is taken away again and
/// again, in order. Nodes between two circles are left too, and wait as well.
fn on_circles(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut left = vec![true; count];
    for reverse in [false, true] {
        let mut next = vec![Vec::new(); count];
        let mut before = vec![0_usize; count];
        for (from, to) in edges.iter().filter(|(a, b)| left[*a] && left[*b]) {
            let (from, to) = if reverse { (*to, *from) } else { (*from, *to) };
            next[from].push(to);
            before[to] += 1;
        }
        let mut free: Vec<usize> = (0..count).filter(|n| left[*n] && before[*n] == 0).collect();
        while let Some(node) = free.pop() {
            left[node] = false;
            for to in &next[node] {
                before[*to] -= 1;
                if before[*to] == 0 {
                    free.push(*to);
                }
            }
        }
    }
    (0..count).filter(|n| left[*n]).collect()
}

#[cfg(test)]
mod tests {
    use super::on_circles;

    #[test]
    fn only_what_is_caught_in_a_circle_is_found() {
        assert_eq!(on_circles(4, &[(0, 1), (1, 2), (0, 2), (2, 3)]), [0; 0]);
        // 0 → 1 → 2 → 1, and 2 → 3 waits for them without being one of them.
        assert_eq!(on_circles(4, &[(0, 1), (1, 2), (2, 1), (2, 3)]), [1, 2]);
        assert_eq!(
            on_circles(7, &[(0, 1), (1, 0), (3, 4), (4, 5), (5, 3)]),
            [0, 1, 3, 4, 5]
        );
        assert_eq!(on_circles(0, &[]), [0; 0]);
    }
}

//! The queue of one target: which of its messages go now, in which order, and which are told by another.
//!
//! Messages go in the order of their events. One that has to be tried again keeps the others behind it for a
//! few tries, because whoever refuses one mostly refuses all; after that, messages about other cards go first.
//! Messages about one card never overtake each other: a late "failed" behind a "done" would be a lie.

use std::collections::{BTreeMap, BTreeSet};

use super::delivery::{PATIENCE, has_come};
use crate::time::Seconds;

/// A message that waits, as the queue has to judge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the queue.
    pub seq: i64,
    /// The card it is about.
    pub task: Option<String>,
    /// Tries so far.
    pub attempts: u32,
    /// Not before this time.
    pub next_at: Seconds,
}

/// A message that goes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Its place in the queue.
    pub seq: i64,
    /// Earlier messages about its card that it is sent for.
    pub held_back: Vec<i64>,
}

/// Whether repeated messages about a card are told in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// Each is told.
    No,
    /// The newest is, and says how many it stands for.
    Yes,
}

/// The messages whose turn it is, of a queue in order.
pub fn turns(queue: &[Waiting], digest: Digest, now: Seconds) -> Vec<Turn> {
    let mut due: Vec<&Waiting> = Vec::new();
    // What waits for the end of a digest, and could be told by a later message about its card.
    let mut put_off: Vec<&Waiting> = Vec::new();
    // Cards of which a message has to be tried again, later.
    let mut barred: BTreeSet<&str> = BTreeSet::new();
    for message in queue {
        let task = message.task.as_deref();
        if task.is_some_and(|task| barred.contains(task)) {
            continue;
        }
        match (has_come(message.next_at, now), message.attempts) {
            (true, _) => due.push(message),
            // It keeps nobody.
            (false, 0) => put_off.push(message),
            (false, 1..=PATIENCE) => break,
            (false, _) => barred.extend(task),
        }
    }
    let mut turns = match digest {
        Digest::No => due.iter().map(|message| turn(message)).collect(),
        Digest::Yes => told_in_one(&due, &put_off),
    };
    // What was refused so often goes last, with all that is about its card: if it fails once more, it has kept
    // nobody.
    let suspects: BTreeSet<&str> = due
        .iter()
        .filter(|message| message.attempts > PATIENCE)
        .filter_map(|message| message.task.as_deref())
        .collect();
    let cards: BTreeMap<i64, &str> = due
        .iter()
        .filter_map(|message| Some((message.seq, message.task.as_deref()?)))
        .collect();
    turns.sort_by_key(|turn| {
        cards
            .get(&turn.seq)
            .is_some_and(|card| suspects.contains(card))
    });
    turns
}

fn turn(message: &Waiting) -> Turn {
    Turn {
        seq: message.seq,
        held_back: Vec::new(),
    }
}

/// Of the messages about one card that were never tried, the newest that is due tells of those before it.
fn told_in_one(due: &[&Waiting], put_off: &[&Waiting]) -> Vec<Turn> {
    let untried = |message: &&Waiting| match message.attempts {
        0 => message.task.clone(),
        _ => None,
    };
    let mut newest: BTreeMap<String, i64> = BTreeMap::new();
    for message in due {
        if let Some(task) = untried(message) {
            newest.insert(task, message.seq);
        }
    }
    let mut told: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for message in due.iter().chain(put_off) {
        let by = untried(message).and_then(|task| newest.get(&task));
        if let Some(by) = by.filter(|by| message.seq < **by) {
            told.entry(*by).or_default().push(message.seq);
        }
    }
    let covered: BTreeSet<i64> = told.values().flatten().copied().collect();
    due.iter()
        .filter(|message| !covered.contains(&message.seq))
        .map(|message| {
            let mut held_back = told.remove(&message.seq).unwrap_or_default();
            held_back.sort_unstable();
            Turn {
                seq: message.seq,
                held_back,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waiting(seq: i64, task: &str, attempts: u32, next_at: Seconds) -> Waiting {
        Waiting {
            seq,
            task: Some(task.into()),
            attempts,
            next_at,
        }
    }

    fn seqs(queue: &[Waiting], digest: Digest) -> Vec<(i64, Vec<i64>)> {
        turns(queue, digest, 100)
            .into_iter()
            .map(|turn| (turn.seq, turn.held_back))
            .collect()
    }

    #[test]
    fn messages_go_in_order() {
        let queue = [
            waiting(1, "a", 0, 0),
            waiting(2, "b", 2, 90),
            waiting(3, "a", 0, 0),
        ];
        assert_eq!(
            seqs(&queue, Digest::No),
            [(1, vec![]), (2, vec![]), (3, vec![])]
        );
    }

    #[test]
    fn one_that_is_tried_again_keeps_the_others_for_a_few_tries() {
        let mut queue = vec![
            waiting(1, "a", 1, 160),
            waiting(2, "b", 0, 0),
            waiting(3, "a", 0, 0),
        ];
        for attempts in 1..=PATIENCE {
            queue[0].attempts = attempts;
            assert_eq!(seqs(&queue, Digest::No), [], "{attempts}");
        }
        // Then only those of its own card wait on.
        queue[0].attempts = PATIENCE + 1;
        assert_eq!(seqs(&queue, Digest::No), [(2, vec![])]);
        assert_eq!(seqs(&queue, Digest::Yes), [(2, vec![])]);
    }

    #[test]
    fn one_that_was_refused_often_goes_last_and_its_card_behind_it() {
        let queue = [
            waiting(1, "a", PATIENCE + 1, 0),
            waiting(2, "b", 0, 0),
            waiting(3, "a", 0, 0),
            waiting(4, "c", 0, 0),
        ];
        let order: Vec<i64> = seqs(&queue, Digest::No).iter().map(|turn| turn.0).collect();
        assert_eq!(order, [2, 4, 1, 3]);
    }

    #[test]
    fn a_digest_tells_the_newest_and_counts_the_rest() {
        let queue = [
            waiting(1, "a", 0, 0),
            waiting(2, "b", 0, 0),
            waiting(3, "a", 0, 0),
            waiting(4, "a", 0, 50),
        ];
        assert_eq!(seqs(&queue, Digest::Yes), [(2, vec![]), (4, vec![1, 3])]);
        // Until the window is over, nothing is told, and nobody is kept waiting.
        let held = [
            waiting(1, "a", 0, 160),
            waiting(2, "a", 0, 160),
            waiting(3, "b", 0, 0),
        ];
        assert_eq!(seqs(&held, Digest::Yes), [(3, vec![])]);
        // What decides does not wait for the window, and tells of what did.
        let decided = [
            waiting(1, "a", 0, 160),
            waiting(2, "a", 0, 160),
            waiting(3, "a", 0, 0),
        ];
        assert_eq!(seqs(&decided, Digest::Yes), [(3, vec![1, 2])]);
    }

    proptest! {
        #[test]
        fn nobody_is_told_twice_out_of_turn_or_never(
            rows in proptest::collection::vec((0u8..4, 0u32..6, 0i64..200), 0..40),
            digest in proptest::bool::ANY,
        ) {
            let queue: Vec<Waiting> = (1..)
                .zip(&rows)
                .map(|(seq, (task, attempts, next_at))| waiting(seq, &task.to_string(), *attempts, *next_at))
                .collect();
            let digest = if digest { Digest::Yes } else { Digest::No };
            let turns = turns(&queue, digest, 100);
            let row = |seq: i64| &queue[usize::try_from(seq).unwrap() - 1];
            let named: Vec<i64> = turns.iter().flat_map(|t| t.held_back.iter().copied().chain([t.seq])).collect();
            prop_assert_eq!(named.iter().collect::<BTreeSet<_>>().len(), named.len(), "once at most");
            for turn in &turns {
                prop_assert!(row(turn.seq).next_at <= 100, "only what is due is sent");
                for held in &turn.held_back {
                    prop_assert!(*held < turn.seq && row(*held).task == row(turn.seq).task && row(*held).attempts == 0);
                }
                // Nothing about its card is left behind that was tried before it.
                let before = queue.iter().filter(|m| m.seq < turn.seq && m.task == row(turn.seq).task && m.attempts > 0);
                for message in before {
                    prop_assert!(named.contains(&message.seq), "{} overtakes {}", turn.seq, message.seq);
                }
            }
            for card in 0..4 {
                let card = card.to_string();
                let order: Vec<i64> = turns.iter().map(|t| t.seq).filter(|s| row(*s).task.as_deref() == Some(&card)).collect();
                prop_assert!(order.is_sorted(), "{order:?}");
            }
            // The first that is due goes, unless one before it has to be tried again.
            if let Some(first) = queue.first().filter(|m| m.next_at <= 100) {
                prop_assert!(named.contains(&first.seq));
            }
        }
    }

    #[test]
    fn what_was_tried_is_never_held_back() {
        let queue = [waiting(1, "a", 1, 0), waiting(2, "a", 0, 0)];
        assert_eq!(seqs(&queue, Digest::Yes), [(1, vec![]), (2, vec![])]);
    }
}

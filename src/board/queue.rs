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
    let mut turns: Vec<Turn> = Vec::new();
    // Cards of which a message has to be tried again, later.
    let mut barred: BTreeSet<&str> = BTreeSet::new();
    // Per card, what was not tried yet and can be told by a later message, with the turn it has if it has one.
    let mut untold: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for message in queue {
        let task = message.task.as_deref();
        if task.is_some_and(|task| barred.contains(task)) {
            continue;
        }
        if !has_come(message.next_at, now) {
            match (message.attempts, task) {
                // Only held back for a digest: it keeps nobody.
                (0, Some(task)) => untold.entry(task).or_default().push(message.seq),
                (0, None) => {}
                (1..=PATIENCE, _) => break,
                (_, Some(task)) => {
                    barred.insert(task);
                }
                (_, None) => {}
            }
            continue;
        }
        let mut turn = Turn {
            seq: message.seq,
            held_back: Vec::new(),
        };
        if let (Digest::Yes, 0, Some(task)) = (digest, message.attempts, task) {
            let earlier = untold.entry(task).or_default();
            turn.held_back.append(earlier);
            turns.retain(|other| !turn.held_back.contains(&other.seq));
            earlier.clone_from(&turn.held_back);
            earlier.push(message.seq);
        }
        turns.push(turn);
    }
    // What was refused so often goes last, with all that is about its card: if it fails once more, it has kept
    // nobody.
    let suspects: BTreeSet<&str> = queue
        .iter()
        .filter(|message| message.attempts > PATIENCE)
        .filter_map(|message| message.task.as_deref())
        .collect();
    let cards: BTreeMap<i64, &str> = queue
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

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_was_tried_is_never_held_back() {
        let queue = [waiting(1, "a", 1, 0), waiting(2, "a", 0, 0)];
        assert_eq!(seqs(&queue, Digest::Yes), [(1, vec![]), (2, vec![])]);
    }
}

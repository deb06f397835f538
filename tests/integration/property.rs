//! Random sequences of what people, workers and faults do to a board: after every step its invariants hold.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::harness::{Home, text};

const CONFIG: &str = r#"
[defaults]
retry_delay = "1s"
tempfail_delay = "1s"
tempfail_limit = 2
[workers.ok]
command = ["sh", "-c", "echo fine"]
[workers.fails]
command = ["sh", "-c", "exit 1"]
[workers.later]
command = ["sh", "-c", "exit 75"]
[workers.slow]
command = ["sh", "-c", "sleep 0.1"]
"#;

const WORKERS: [&str; 4] = ["ok", "fails", "later", "slow"];

/// One step. Numbers choose among the cards that there are.
#[derive(Debug, Clone)]
enum Step {
    Create {
        worker: usize,
        parent: Option<usize>,
    },
    Link(usize, usize),
    Unlink(usize, usize),
    Complete(usize),
    Block(usize),
    Unblock(usize),
    Archive(usize),
    Promote(usize),
    Cancel(usize),
    Retry(usize),
    Stop(usize),
    Reclaim(usize),
    Schedule(usize),
    Tick,
    KillSupervisor,
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    let card = 0..6usize;
    prop_oneof![
        4 => (0..WORKERS.len(), proptest::option::of(card.clone())).prop_map(|(worker, parent)| Step::Create { worker, parent }),
        2 => (card.clone(), card.clone()).prop_map(|(a, b)| Step::Link(a, b)),
        1 => (card.clone(), card.clone()).prop_map(|(a, b)| Step::Unlink(a, b)),
        1 => card.clone().prop_map(Step::Complete),
        2 => card.clone().prop_map(Step::Block),
        3 => card.clone().prop_map(Step::Unblock),
        1 => card.clone().prop_map(Step::Archive),
        1 => card.clone().prop_map(Step::Promote),
        1 => card.clone().prop_map(Step::Cancel),
        2 => card.clone().prop_map(Step::Retry),
        1 => card.clone().prop_map(Step::Stop),
        1 => card.clone().prop_map(Step::Reclaim),
        1 => card.prop_map(Step::Schedule),
        4 => Just(Step::Tick),
        1 => Just(Step::KillSupervisor),
        1 => Just(Step::Settle),
    ]
}

struct World {
    home: Home,
    cards: Vec<String>,
    blocked: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        let home = Home::new(CONFIG);
        home.ok(&["init"]);
        Self {
            home,
            cards: Vec::new(),
            blocked: BTreeSet::new(),
        }
    }

    fn card(&self, number: usize) -> Option<&str> {
        (!self.cards.is_empty()).then(|| self.cards[number % self.cards.len()].as_str())
    }

    /// Runs a verb on cards. A refusal is an answer; anything else is a failure.
    fn verb(&self, verb: &str, cards: &[usize]) -> Option<bool> {
        let ids: Vec<&str> = cards.iter().map(|n| self.card(*n)).collect::<Option<_>>()?;
        let run = self.home.kanban(&[&[verb], ids.as_slice()].concat());
        assert!(matches!(run.code, Some(0 | 3 | 4)), "{run:?}");
        Some(run.code == Some(0))
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            Step::Create { worker, parent } => {
                let parent = parent.and_then(|p| self.card(p)).map(str::to_owned);
                let more: Vec<&str> = parent.iter().flat_map(|p| ["--parent", p]).collect();
                let id = self.home.create("card", WORKERS[worker], &more);
                self.cards.push(id);
            }
            Step::Link(a, b) => drop(self.verb("link", &[a, b])),
            Step::Unlink(a, b) => drop(self.verb("unlink", &[a, b])),
            Step::Promote(a) => drop(self.verb("promote", &[a])),
            Step::Reclaim(a) => drop(self.verb("reclaim", &[a])),
            Step::Block(a) | Step::Stop(a) => {
                let verb = if matches!(step, Step::Stop(_)) {
                    "stop"
                } else {
                    "block"
                };
                if self.verb(verb, &[a]) == Some(true) {
                    self.blocked.insert(self.card(a).unwrap().to_owned());
                }
            }
            Step::Complete(a)
            | Step::Unblock(a)
            | Step::Archive(a)
            | Step::Cancel(a)
            | Step::Retry(a)
            | Step::Schedule(a) => {
                let verb = match step {
                    Step::Complete(_) => "complete",
                    Step::Unblock(_) => "unblock",
                    Step::Cancel(_) => "cancel",
                    Step::Retry(_) => "retry",
                    Step::Schedule(_) => "schedule",
                    _ => "archive",
                };
                if self.verb(verb, &[a]) == Some(true) {
                    let id = self.card(a).unwrap().to_owned();
                    self.blocked.remove(&id);
                }
            }
            Step::Tick => drop(self.home.ok(&["tick"])),
            Step::KillSupervisor => {
                let found = "SELECT coalesce((SELECT supervisor_pid FROM tick_runs WHERE dead = 0 LIMIT 1), 0)";
                let pid: i64 = self.home.sql(found);
                if pid > 1 {
                    drop(self.home.sh(&format!("kill -9 {pid} 2>/dev/null")));
                }
            }
            Step::Settle => drop(self.home.quiet()),
        }
    }

    fn check(&self, after: &str) {
        let none = |what: &str, query: &str| {
            let found: Option<String> = self
                .home
                .sql(&format!("SELECT group_concat(id) FROM ({query})"));
            assert_eq!(found, None, "{what}, after {after}");
        };
        let there: i64 = self.home.sql("SELECT count(*) FROM tasks");
        assert_eq!(
            there,
            self.cards.len() as i64,
            "no card is lost, after {after}"
        );
        none(
            "running means exactly one open run, and the other way round",
            "SELECT t.id FROM tasks t WHERE (t.status = 'running') <>
             (SELECT count(*) = 1 FROM task_runs r WHERE r.task_id = t.id AND r.ended_at IS NULL)",
        );
        none(
            "an open run of a card that is not running",
            "SELECT r.id FROM task_runs r JOIN tasks t ON t.id = r.task_id
             WHERE r.ended_at IS NULL AND t.current_run_id IS NOT r.id",
        );
        none(
            "two runs that may both be alive",
            "SELECT task_id AS id FROM tick_runs WHERE dead = 0 GROUP BY task_id HAVING count(*) > 1",
        );
        none(
            "done without a completed run or somebody's word",
            "SELECT t.id FROM tasks t WHERE t.status = 'done'
             AND NOT EXISTS (SELECT 1 FROM task_runs r WHERE r.task_id = t.id AND r.outcome = 'completed')
             AND NOT EXISTS (SELECT 1 FROM task_events e WHERE e.task_id = t.id AND e.kind = 'completed'
                             AND json_extract(e.payload, '$.by') IS NOT NULL)",
        );
        none(
            "ready with an open parent",
            "SELECT t.id FROM tasks t JOIN task_links l ON l.child_id = t.id JOIN tasks p ON p.id = l.parent_id
             WHERE t.status = 'ready' AND p.status NOT IN ('done', 'archived')",
        );
        for id in &self.blocked {
            let status: String = self
                .home
                .sql(&format!("SELECT status FROM tasks WHERE id = '{id}'"));
            assert_eq!(status, "blocked", "a block is sticky, after {after}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_after_every_step(steps in proptest::collection::vec(step(), 5..30)) {
        let mut world = World::new();
        for (number, step) in steps.iter().enumerate() {
            world.apply(step);
            world.check(&format!("step {number} of {steps:?}"));
        }
        world.home.quiet();
        world.check("the end");
        let left: Vec<String> = world.home.json(&["list"]).as_array().unwrap().iter()
            .map(|t| text(&t["status"])).filter(|s| s == "ready" || s == "running").collect();
        prop_assert!(left.is_empty(), "nothing is left to do: {left:?}");
        let checked = world.home.json(&["check"]);
        prop_assert!(checked["findings"].as_array().unwrap().is_empty(), "after {steps:?}: {checked}");
    }
}

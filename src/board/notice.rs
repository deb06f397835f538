//! What is told about an event: which kinds there are, who wants to hear of them, and the facts.
//!
//! A [`Notice`] is taken down when the tick has come to its end, and kept as it is from then on: however
//! often and however late it is sent, it says what was true then. It is also the payload that programs get,
//! so a field is never renamed or removed without another [`VERSION`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Seconds;

/// The version of the payload. Fields may be added under the same one.
pub const VERSION: u32 = 1;

/// How much a person should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It went as it should.
    Good,
    /// Nothing to do.
    Info,
    /// Somebody should look.
    Warning,
    /// It failed.
    Bad,
}

/// What is known of a kind of event.
#[derive(Debug)]
pub struct Kind {
    /// As it stands on the board.
    pub name: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What happened to the card, as it follows the title.
    pub phrase: &'static str,
    /// Whether channels that name no events hear of it.
    pub usual: bool,
    /// It changes what a person has to do: never held back by a digest.
    pub decisive: bool,
}

const fn kind(name: &'static str, level: Level, phrase: &'static str) -> Kind {
    Kind {
        name,
        level,
        phrase,
        usual: false,
        decisive: false,
    }
}

const fn usual(name: &'static str, level: Level, phrase: &'static str) -> Kind {
    Kind {
        usual: true,
        ..kind(name, level, phrase)
    }
}

const fn decisive(name: &'static str, level: Level, phrase: &'static str) -> Kind {
    Kind {
        decisive: true,
        ..usual(name, level, phrase)
    }
}

/// Every kind that this program writes, and those of Hermes that have a meaning for people.
pub const KINDS: [Kind; 41] = [
    decisive("completed", Level::Good, "done"),
    decisive("blocked", Level::Warning, "blocked"),
    decisive(
        "block_loop_detected",
        Level::Warning,
        "blocked again for the same cause, now in triage",
    ),
    decisive("gave_up", Level::Bad, "gave up"),
    decisive("cancelled", Level::Info, "cancelled"),
    usual(
        "review_requested",
        Level::Info,
        "done, and waits to be looked at",
    ),
    usual(
        "late_result",
        Level::Warning,
        "reported when it was too late",
    ),
    usual("crashed", Level::Bad, "failed"),
    usual("timed_out", Level::Bad, "took too long"),
    usual("lost", Level::Bad, "lost its supervisor"),
    usual("spawn_failed", Level::Bad, "could not be started"),
    usual(
        "protocol_violation",
        Level::Bad,
        "ended without the report that it owes",
    ),
    usual("stale", Level::Warning, "gave no sign of life"),
    usual("lane_held", Level::Warning, "its worker cannot be started"),
    usual(
        "reclaim_deferred",
        Level::Warning,
        "its worker could not be ended",
    ),
    usual(
        "channel_paused",
        Level::Bad,
        "nothing can be delivered there",
    ),
    decisive(
        "board_quarantined",
        Level::Bad,
        "its file is damaged; nothing is done on it",
    ),
    usual("test", Level::Info, "a test message"),
    kind("changes_requested", Level::Info, "sent back from review"),
    kind("rate_limited", Level::Info, "asked to be run later"),
    kind("created", Level::Info, "created"),
    kind("made_card", Level::Info, "made another card"),
    kind("claimed", Level::Info, "given to its worker"),
    kind("spawned", Level::Info, "started"),
    kind("promoted", Level::Info, "ready"),
    kind("scheduled", Level::Info, "put off"),
    kind("unblocked", Level::Info, "unblocked"),
    kind("reclaimed", Level::Info, "taken back from its worker"),
    kind("specified", Level::Info, "specified"),
    kind("dependency_wait", Level::Info, "waits for another card"),
    kind(
        "claim_rejected",
        Level::Info,
        "put back: a parent is not finished",
    ),
    kind("claim_extended", Level::Info, "its claim was extended"),
    kind("assigned", Level::Info, "assigned"),
    kind("commented", Level::Info, "commented on"),
    kind("linked", Level::Info, "made to wait for another card"),
    kind("unlinked", Level::Info, "no longer waits for another card"),
    kind("status", Level::Info, "moved"),
    kind("edited", Level::Info, "edited"),
    kind("reprioritized", Level::Info, "given another priority"),
    kind("heartbeat", Level::Info, "gave a sign of life"),
    kind("archived", Level::Info, "archived"),
];

/// What is known of a kind; other programs may write any.
pub fn known(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// Whether an event of this kind may be held back and told with the next one about its card.
pub fn can_wait(name: &str) -> bool {
    !known(name).is_some_and(|kind| kind.decisive)
}

/// Who wants to hear what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Kinds; none named: the usual ones. `*` is every kind.
    pub events: Vec<String>,
    /// Boards; none named: every one.
    pub boards: Vec<String>,
    /// Assignees; none named: everybody's cards, and nobody's.
    pub assignees: Vec<String>,
    /// Tenants; none named: every one, and none.
    pub tenants: Vec<String>,
    /// Cards of this priority or more.
    pub min_priority: Option<i64>,
}

impl Filter {
    /// Whether events of this kind are wanted.
    pub fn wants_kind(&self, kind: &str) -> bool {
        match self.events.is_empty() {
            true => known(kind).is_some_and(|kind| kind.usual),
            false => self.events.iter().any(|e| e == kind || e == "*"),
        }
    }

    /// Whether anything of this board is wanted.
    pub fn wants_board(&self, board: &str) -> bool {
        self.boards.is_empty() || self.boards.iter().any(|b| b == board)
    }

    /// Whether this is wanted. What concerns no card is not held against the filters of cards.
    pub fn wants(&self, notice: &Notice) -> bool {
        let card = |task: &Card| {
            let named = |list: &[String], value: Option<&str>| {
                list.is_empty() || value.is_some_and(|v| list.iter().any(|l| l == v))
            };
            named(&self.assignees, task.assignee.as_deref())
                && named(&self.tenants, task.tenant.as_deref())
                && self.min_priority.is_none_or(|min| task.priority >= min)
        };
        self.wants_kind(&notice.event.kind)
            && self.wants_board(&notice.board)
            && notice.task.as_ref().is_none_or(card)
    }
}

/// What is told, whoever it is told to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// [`VERSION`]
    pub version: u32,
    /// The board.
    pub board: String,
    /// What happened.
    pub event: Happened,
    /// The card; absent where it concerns none.
    pub task: Option<Card>,
    /// The run that it came of.
    pub run: Option<Run>,
    /// What follows.
    pub next: Next,
    /// The command that shows more.
    pub look: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// `task_events.id`; absent where it is no event of a card.
    pub id: Option<i64>,
    /// The kind.
    pub kind: String,
    /// Unix seconds.
    pub at: Seconds,
    /// The facts of the event as they stand on the board.
    pub payload: Value,
}

/// A card, as it was when it was told about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Such as `t_1a2b3c4d`.
    pub id: String,
    /// What somebody called it.
    pub title: String,
    /// The column it was in.
    pub status: String,
    /// Who has it.
    pub assignee: Option<String>,
    /// Higher is sooner.
    pub priority: i64,
    /// Whose it is.
    pub tenant: Option<String>,
    /// Who made it.
    pub created_by: Option<String>,
    /// Unix seconds.
    pub created_at: Seconds,
    /// What came of it.
    pub result: Option<String>,
    /// Failures in a row.
    pub failures: i64,
}

/// A run, as it was when it was told about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// `task_runs.id`
    pub id: i64,
    /// 1 for the first of its card.
    pub attempt: Option<i64>,
    /// Who worked.
    pub worker: Option<String>,
    /// What became of it; absent while it runs.
    pub outcome: Option<String>,
    /// Exit status of the worker's process.
    pub exit_code: Option<i64>,
    /// The signal that ended it.
    pub exit_signal: Option<i64>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// What came of it.
    pub summary: Option<String>,
    /// The last line of its output.
    pub last_line: Option<String>,
}

/// What follows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Next {
    /// Nothing that is worth a word.
    #[default]
    Nothing,
    /// The card is tried again, not before this time.
    Retry {
        /// Unix seconds.
        at: Option<Seconds>,
    },
    /// The card waits for a person, who lets it go with this command.
    Person {
        /// A command line.
        command: String,
    },
    /// These cards no longer wait for it.
    Released {
        /// Their ids.
        cards: Vec<String>,
    },
    /// Its worker is tried again at this time; its cards wait and are not charged.
    Lane {
        /// Unix seconds.
        until: Seconds,
    },
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    /// A notice about a card, as a test needs one.
    pub fn notice(kind: &str, title: &str) -> Notice {
        Notice {
            version: VERSION,
            board: "default".into(),
            event: Happened {
                id: Some(42),
                kind: kind.into(),
                at: 1_767_225_600,
                payload: json!({}),
            },
            task: Some(Card {
                id: "t_1a2b3c4d".into(),
                title: title.into(),
                status: "done".into(),
                assignee: Some("coder".into()),
                ..Card::default()
            }),
            run: None,
            next: Next::Nothing,
            look: "kanban show t_1a2b3c4d --board default".into(),
        }
    }

    #[test]
    fn kinds_have_one_entry_each_and_the_usual_ones_are_told() {
        for (i, kind) in KINDS.iter().enumerate() {
            assert!(
                KINDS[..i].iter().all(|k| k.name != kind.name),
                "{}",
                kind.name
            );
        }
        let all = Filter::default();
        assert!(all.wants_kind("gave_up") && all.wants_kind("lane_held"));
        assert!(!all.wants_kind("spawned") && !all.wants_kind("somebody's own"));
        let named = Filter {
            events: vec!["spawned".into()],
            ..Filter::default()
        };
        assert!(named.wants_kind("spawned") && !named.wants_kind("gave_up"));
        let every = Filter {
            events: vec!["*".into()],
            ..Filter::default()
        };
        assert!(every.wants_kind("somebody's own"));
    }

    #[test]
    fn a_filter_asks_for_all_that_it_names() {
        let about = notice("completed", "x");
        let wants = |change: &dyn Fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter.wants(&about)
        };
        assert!(wants(&|_| {}));
        assert!(wants(&|f| f.boards = vec!["default".into()]));
        assert!(!wants(&|f| f.boards = vec!["other".into()]));
        assert!(wants(&|f| f.assignees = vec!["x".into(), "coder".into()]));
        assert!(!wants(&|f| f.tenants = vec!["acme".into()]));
        assert!(wants(&|f| f.min_priority = Some(0)) && !wants(&|f| f.min_priority = Some(1)));
    }

    #[test]
    fn what_is_kept_reads_back_as_it_was() {
        let mut about = notice("gave_up", "a\u{0}b");
        about.next = Next::Retry { at: Some(7) };
        about.run = Some(Run::default());
        let text = serde_json::to_string(&about).unwrap();
        assert_eq!(serde_json::from_str::<Notice>(&text).unwrap(), about);
        assert!(text.contains(r#""next":{"what":"retry","at":7}"#), "{text}");
    }
}

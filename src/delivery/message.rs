//! A notice as people read it: the board, the card and its title first, then what somebody needs to know.
//!
//! A [`Message`] knows no channel. Each channel takes its parts, or a whole text, in its own [`Dialect`].

use super::facts::{fact, facts};
use super::text::{Dialect, one_line};
use crate::board::notice::{self, Level, Notice};

/// A title is cut at this many units, so that what happened to the card still fits.
const TITLE_MAX: usize = 200;
/// A fact that is no long text is cut at this many units.
const FACT_MAX: usize = 300;

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How much a person should care.
    pub level: Level,
    /// The kind of event.
    pub kind: String,
    /// The board.
    pub board: String,
    /// The id of the card, if it concerns one.
    pub card: Option<String>,
    /// What somebody called the card, on one line; else what this is about.
    pub title: String,
    /// What happened to it, in a few words of ours.
    pub phrase: String,
    /// The facts, most important first.
    pub facts: Vec<Fact>,
    /// Eight characters by which a message that comes twice is recognised.
    pub mark: String,
}

/// One thing to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: &'static str,
    /// Text, perhaps of somebody else, perhaps of several lines.
    pub text: String,
    /// It gives way first where there is little room.
    pub long: bool,
}

impl Message {
    /// What a notice says. `held_back` messages about the card were not sent on their own.
    pub fn of(about: &Notice, id: &str, held_back: u32) -> Self {
        let kind = notice::known(&about.event.kind);
        let card = about.task.as_ref();
        let payload = &about.event.payload;
        let title = match card {
            Some(card) => one_line(&card.title),
            None => fact(payload, "about").unwrap_or_default(),
        };
        let phrase = match (kind, about.event.kind.as_str()) {
            (_, "status") => match fact(payload, "status") {
                Some(status) => format!("moved to {}", one_line(&status)),
                None => "moved".into(),
            },
            (Some(kind), _) => kind.phrase.to_owned(),
            (None, other) => one_line(other),
        };
        Self {
            level: kind.map_or(Level::Info, |kind| kind.level),
            kind: about.event.kind.clone(),
            board: one_line(&about.board),
            card: card.map(|card| one_line(&card.id)),
            title,
            phrase,
            facts: facts(about, held_back),
            mark: mark_of(id),
        }
    }

    /// A sign for the level, in front of everything.
    pub fn sign(&self) -> &'static str {
        match self.level {
            Level::Good => "✅",
            Level::Info => "ℹ️",
            Level::Warning => "⚠️",
            Level::Bad => "❌",
        }
    }

    /// `✅ [board] t_1a2b3c4d Title: done`, of at most `max` units.
    pub fn headline(&self, dialect: &Dialect, max: usize) -> String {
        let before = match &self.card {
            Some(card) => format!("{} [{}] {card} ", self.sign(), self.board),
            None => format!("{} [{}] ", self.sign(), self.board),
        };
        let (before, after) = (
            dialect.escaped(&before),
            dialect.escaped(&format!(": {}", self.phrase)),
        );
        let room = max
            .saturating_sub(dialect.unit.measure(&before))
            .saturating_sub(dialect.unit.measure(&after));
        let title = dialect.fit(&self.title, room.min(TITLE_MAX));
        let whole = match title.is_empty() {
            true => format!("{before}{}", dialect.escaped(&self.phrase)),
            false => format!("{before}{title}{after}"),
        };
        if dialect.unit.measure(&whole) > max {
            // Room for neither: what is ours says the least that is needed.
            let short = format!(
                "{} {}",
                self.card.as_deref().unwrap_or(&self.board),
                self.phrase
            );
            return dialect.fit(&short, max);
        }
        whole
    }

    /// The facts, a label and its text a line, of at most `max` units.
    pub fn body(&self, dialect: &Dialect, max: usize) -> String {
        let lines = self.lines(dialect, max);
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(label, text)| format!("{label}: {text}"))
            .collect();
        lines.join("\n")
    }

    /// Headline and facts, of at most `max` units.
    pub fn whole(&self, dialect: &Dialect, max: usize) -> String {
        let head = self.headline(dialect, max);
        let room = max
            .saturating_sub(dialect.unit.measure(&head))
            .saturating_sub(dialect.unit.measure("\n"));
        match self.body(dialect, room) {
            body if body.is_empty() => head,
            body => format!("{head}\n{body}"),
        }
    }

    /// [`Message::whole`] with a last line that is there however little room is left. It comes escaped.
    pub fn ending(&self, dialect: &Dialect, max: usize, end: &str) -> String {
        let end = format!("\n{end}");
        let room = max.saturating_sub(dialect.unit.measure(&end));
        format!("{}{end}", self.whole(dialect, room))
    }

    /// Each fact as a label and an escaped text, so that `label: text` lines are at most `max` units in all.
    /// Long texts share what the others leave; what has no room at all is left out from the end.
    pub fn lines(&self, dialect: &Dialect, max: usize) -> Vec<(&'static str, String)> {
        let frame = |label: &str| dialect.unit.measure(&format!("{label}: \n"));
        let short: Vec<Option<String>> = self
            .facts
            .iter()
            .map(|fact| (!fact.long).then(|| dialect.fit(&fact.text, FACT_MAX)))
            .collect();
        let taken: usize = self
            .facts
            .iter()
            .zip(&short)
            .map(|(fact, text)| {
                frame(fact.label) + text.as_ref().map_or(0, |t| dialect.unit.measure(t))
            })
            .sum();
        let long = self.facts.iter().filter(|fact| fact.long).count().max(1);
        let mut left = max;
        let mut room = max.saturating_sub(taken) / long;
        let mut out = Vec::new();
        for (fact, short) in self.facts.iter().zip(short) {
            let text = match short {
                Some(text) => text,
                None => {
                    let text = dialect.fit(&fact.text, room);
                    // What this one did not need is for the next.
                    room += room.saturating_sub(dialect.unit.measure(&text));
                    text
                }
            };
            let cost = frame(fact.label) + dialect.unit.measure(&text);
            if text.is_empty() || cost > left {
                continue;
            }
            left -= cost;
            out.push((fact.label, text));
        }
        out
    }
}

/// Eight characters of an id by which a message that comes twice is recognised.
pub fn mark_of(id: &str) -> String {
    let hex = id.rsplit('_').next().unwrap_or(id);
    hex.chars().take(8).collect()
}

#[cfg(test)]
pub mod tests {
    use super::super::text::tests::HOSTILE;
    use super::super::text::{Unit, html};
    use super::*;
    use crate::board::notice::tests::notice;
    use crate::board::notice::{KINDS, Next, Run};
    use serde_json::json;

    const PLAIN: Dialect = Dialect::plain(Unit::Utf16);

    /// A message as a test of a channel needs one: a failure with all that can be said about it.
    pub fn failure(title: &str) -> Notice {
        let mut about = notice("crashed", title);
        about.event.payload = json!({"error": "exit 3"});
        about.run = Some(Run {
            id: 7,
            attempt: Some(2),
            worker: Some("coder".into()),
            outcome: Some("crashed".into()),
            exit_code: Some(3),
            duration_ms: Some(192_000),
            error: Some("exit 3".into()),
            last_line: Some("error: no such file".into()),
            ..Run::default()
        });
        about.next = Next::Retry {
            at: Some(1_767_225_700),
        };
        about
    }

    #[test]
    fn board_card_and_title_come_first_and_the_command_last() {
        let message = Message::of(&failure("Fix\nthe  login"), "dlv_3f9a1c2e00", 2);
        let whole = message.whole(&PLAIN, 4_000);
        let lines: Vec<&str> = whole.lines().collect();
        assert_eq!(lines[0], "❌ [default] t_1a2b3c4d Fix the  login: failed");
        assert_eq!(lines[1], "error: exit 3");
        assert_eq!(lines[2], "last output: error: no such file");
        assert_eq!(lines[3], "by: coder, attempt 2, exit 3, in 3m 12s");
        assert!(lines[4].starts_with("next: it is tried again, not before 2026-"));
        assert_eq!(lines[5], "held back: 2 earlier messages about this card");
        assert_eq!(lines[6], "look: kanban show t_1a2b3c4d --board default");
        assert_eq!(message.mark, "3f9a1c2e");
    }

    #[test]
    fn every_kind_that_is_told_has_its_words() {
        for kind in &KINDS {
            let message = Message::of(&notice(kind.name, "x"), "dlv_1", 0);
            assert!(
                message.headline(&PLAIN, 1_000).ends_with(kind.phrase) || kind.name == "status",
                "{}",
                kind.name
            );
        }
        let foreign = Message::of(&notice("a\u{1b}kind", ""), "dlv_1", 0);
        assert_eq!(
            foreign.headline(&PLAIN, 1_000),
            "ℹ️ [default] t_1a2b3c4d akind"
        );
    }

    #[test]
    fn little_room_costs_the_long_texts_first_and_is_never_exceeded() {
        let mut about = failure(&"t".repeat(1_000));
        about.event.payload = json!({"error": "e".repeat(10_000)});
        for dialect in [
            PLAIN,
            Dialect {
                escape: html,
                unit: Unit::Json,
            },
        ] {
            for max in (0..2_000).step_by(13) {
                let message = Message::of(&about, "dlv_1", 0);
                let whole = message.whole(&dialect, max);
                assert!(dialect.unit.measure(&whole) <= max, "{max}: {whole}");
                if max > 700 {
                    assert!(whole.contains("look: kanban show"), "{max}: {whole}");
                    assert!(whole.contains("e…\n"), "{max}: {whole}");
                }
            }
        }
    }

    #[test]
    fn the_last_line_is_there_however_little_room_is_left() {
        let message = Message::of(&failure(&"t".repeat(1_000)), "dlv_1", 0);
        for max in 10..400 {
            let whole = message.ending(&PLAIN, max, "#3f9a1c2e");
            assert!(whole.ends_with("\n#3f9a1c2e"), "{max}: {whole}");
            assert!(PLAIN.unit.measure(&whole) <= max, "{max}: {whole}");
        }
    }

    #[test]
    fn a_title_is_only_a_title() {
        let message = Message::of(
            &notice("completed", &format!("{HOSTILE}\r\nX: y\0")),
            "dlv_1",
            0,
        );
        assert!(!message.title.contains(['\r', '\n', '\0']));
        let html = Dialect {
            escape: html,
            unit: Unit::Utf16,
        };
        assert!(!message.whole(&html, 4_000).contains('<'));
        let long = Message::of(&notice("completed", &"🚀".repeat(10_000)), "dlv_1", 0);
        assert!(Unit::Utf16.measure(&long.headline(&PLAIN, 4_000)) < 260);
    }
}

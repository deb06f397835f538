//! The board as the scripts of the page read it: one JSON text in an element that is not run.
//!
//! Texts are made safe here as they are for a terminal, so that what would turn the reading direction or
//! is not drawn at all is shown; the scripts put them into the page as text and never as markup.

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::board::dependency::Release;
use crate::board::overview::{Card, Comment, Happening, Overview, Run, Standing, Text, Upkeep};
use crate::board::status::Status;
use crate::render::escape;

/// A card. What it has not is not written, because there may be many.
#[derive(Serialize)]
struct CardData {
    id: String,
    title: String,
    /// Its place in `columns`.
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    priority: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    created: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(skip_serializing_if = "is_zero")]
    failures: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    body: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    result: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    error: String,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn line(text: &Option<String>) -> Option<String> {
    text.as_deref().map(escape::line)
}

fn text(text: &Text) -> String {
    let end = if text.cut { " …" } else { "" };
    escape::block(&text.start) + end
}

fn card(card: &Card, columns: &[Status]) -> CardData {
    CardData {
        id: escape::line(card.id.as_str()),
        title: escape::line(&card.title),
        column: columns
            .iter()
            .position(|status| *status == card.status)
            .unwrap_or(0),
        assignee: line(&card.assignee),
        tenant: line(&card.tenant),
        priority: card.priority,
        by: line(&card.created_by),
        created: card.created_at,
        started: card.started_at,
        ended: card.completed_at,
        not_before: card.not_before,
        failures: card.failures,
        body: text(&card.body),
        result: text(&card.result),
        error: text(&card.error),
    }
}

/// Where a card is in the list; the id of one that is not there.
type Places<'a> = HashMap<&'a str, usize>;

fn place(places: &Places<'_>, id: &str) -> Value {
    match places.get(id) {
        Some(at) => json!(at),
        None => json!(escape::line(id)),
    }
}

fn run(run: &Run, places: &Places<'_>) -> Value {
    json!({
        "id": run.id,
        "card": place(places, run.task.as_str()),
        "worker": line(&run.worker).unwrap_or_default(),
        "outcome": escape::line(&run.outcome),
        "attempt": run.attempt,
        "start": run.started_at,
        "end": run.ended_at,
        "ms": run.duration_ms,
        "code": run.exit_code,
        "signal": run.exit_signal,
        "note": text(&run.note),
    })
}

fn comment(comment: &Comment, places: &Places<'_>) -> Value {
    json!([
        place(places, comment.task.as_str()),
        escape::line(&comment.author),
        text(&comment.body),
        comment.at,
    ])
}

fn happening(event: &Happening, places: &Places<'_>) -> Value {
    json!([
        place(places, event.task.as_str()),
        escape::line(&event.kind),
        event.at,
    ])
}

/// The JSON text, fit to stand in an element of a page.
pub fn of(
    overview: &Overview,
    standing: &Standing,
    columns: &[Status],
    zone: &str,
) -> Result<String> {
    let cards = overview.cards.iter().enumerate();
    let places: Places<'_> = cards.map(|(at, card)| (card.id.as_str(), at)).collect();
    let edges = overview.edges.iter().map(|edge| {
        let on = (edge.on != Release::Success).then_some(edge.on);
        let (parent, child) = (
            place(&places, edge.parent.as_str()),
            place(&places, edge.child.as_str()),
        );
        json!([parent, child, edge.open, on])
    });
    let data = json!({
        "board": standing.board,
        "made": standing.made_at,
        "kept": standing.upkeep == Upkeep::Ticks,
        "zone": zone,
        "columns": columns.iter().map(|s| escape::line(s.as_str())).collect::<Vec<_>>(),
        "edges": edges.collect::<Vec<_>>(),
        "runs": overview.runs.iter().map(|r| run(r, &places)).collect::<Vec<_>>(),
        "comments": overview.comments.iter().map(|c| comment(c, &places)).collect::<Vec<_>>(),
        "events": overview.events.iter().map(|e| happening(e, &places)).collect::<Vec<_>>(),
        "older": {
            "runs": overview.older_runs,
            "comments": overview.older_comments,
            "events": overview.older_events,
        },
    });
    let cards: Vec<CardData> = overview.cards.iter().map(|c| card(c, columns)).collect();
    let cannot = "cannot write the board as JSON";
    // The cards beside the rest, so that the many are not copied into a tree of values first.
    let whole = format!(
        "{{\"data\":{},\"cards\":{}}}",
        serde_json::to_string(&data).context(cannot)?,
        serde_json::to_string(&cards).context(cannot)?
    );
    Ok(fit(&whole))
}

/// JSON in which nothing looks like markup or ends a line of a script: such characters stand only inside
/// of its strings, and have another spelling there.
fn fit(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_ends_its_element_and_every_text_is_read_back(text in escape::tests::hostile()) {
            let json = fit(&serde_json::to_string(&text).unwrap());
            let looks_like_markup = json.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\0']);
            prop_assert!(!looks_like_markup);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }

    #[test]
    fn what_would_be_markup_is_spelled_otherwise() {
        assert_eq!(
            fit(r#"{"a":"</script><!--&"}"#),
            r#"{"a":"\u003c/script\u003e\u003c!--\u0026"}"#
        );
    }
}

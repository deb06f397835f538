//! A board as one page of HTML: no server, no request, nothing from elsewhere.
//!
//! Three layers, each of which stands without the next. The markup ([`plain`], [`charts`]) has the board,
//! the figures and the newest runs as text, and is all that a browser without scripts needs. The style
//! sheet makes it look like a board, in a light and a dark form. The scripts read the whole board from one
//! JSON text ([`data`]) and add search, the card's dialog, the graph and the timeline.
//!
//! What cards say is hostile: markup is written by a macro that escapes, JSON has no `<`, scripts make
//! text and never markup, and the page's own policy runs no script and obeys no style but those whose
//! hash it names, loads nothing and sends nothing.

mod charts;
mod data;
mod plain;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::board::overview::{Overview, Standing};
use crate::time::Zone;

const STYLE: &str = concat!(
    include_str!("page.css"),
    include_str!("board.css"),
    include_str!("figures.css")
);

/// In the order in which they need each other.
const SCRIPTS: [&str; 6] = [
    include_str!("base.js"),
    include_str!("card.js"),
    include_str!("board.js"),
    include_str!("graph.js"),
    include_str!("runs.js"),
    include_str!("start.js"),
];

/// The page.
pub fn page(overview: &Overview, standing: &Standing, zone: &Zone) -> Result<String> {
    let columns = plain::columns(overview);
    let data = data::of(overview, standing, &columns, zone.name())?;
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { "Board " (standing.board) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (plain::body(overview, standing, zone, &columns))
                script type="application/json" id="data" { (PreEscaped(data)) }
                @for script in SCRIPTS {
                    script { (PreEscaped(script)) }
                }
            }
        }
    };
    Ok(markup.into_string())
}

/// What the page may do: run these scripts, use this style, and nothing else at all.
fn policy() -> String {
    let hash = |text: &str| {
        let hash = BASE64_STANDARD.encode(Sha256::digest(text));
        format!("'sha256-{hash}'")
    };
    let scripts: Vec<String> = SCRIPTS.into_iter().map(hash).collect();
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src 'none'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        scripts.join(" "),
        hash(STYLE)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::overview::{Card, Text, Upkeep};

    fn standing() -> Standing {
        Standing {
            board: "b".into(),
            made_at: 1_000_000,
            last_tick_at: None,
            problems: Vec::new(),
            paused: Vec::new(),
            upkeep: Upkeep::Once,
        }
    }

    fn made(overview: &Overview) -> String {
        page(overview, &standing(), &Zone::here()).unwrap()
    }

    #[test]
    fn what_cards_say_is_text_wherever_it_stands() {
        let evil = "</script><script>x()</script><img src=x onerror=y()>\u{202e}\0'\"";
        let evil = || evil.to_owned();
        let text = || Text::beginning(Some(evil()), 1_000);
        let card = Card {
            id: crate::board::id::TaskId::stored(evil()),
            title: evil(),
            status: crate::board::status::Status::stored(evil()),
            assignee: Some(evil()),
            tenant: Some(evil()),
            priority: 0,
            created_by: Some(evil()),
            created_at: 0,
            started_at: None,
            completed_at: None,
            not_before: None,
            failures: 1,
            body: text(),
            result: text(),
            error: text(),
        };
        let harmless = made(&Overview::default());
        let overview = Overview {
            counts: vec![(card.status.clone(), 1)],
            cards: vec![card],
            ends: vec![(evil(), 1)],
            ..Overview::default()
        };
        let page = made(&overview);
        assert_eq!(
            page.matches("<script").count(),
            harmless.matches("<script").count()
        );
        assert!(!page.contains("<img") && page.contains("&lt;img src=x"));
        assert!(!page.contains(['\u{202e}', '\0']));
        assert!(page.contains("\\u{202e}"));
    }

    #[test]
    fn nothing_of_the_page_is_elsewhere_and_no_markup_is_made_from_text() {
        let page = made(&Overview::default());
        for word in [
            "src=",
            "href=\"http",
            "url(http",
            "@import",
            "style=\"",
            "onclick",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        for script in SCRIPTS {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacent",
                "document.write",
                "eval(",
                "fetch(",
            ] {
                assert!(!script.contains(word), "{word}");
            }
            assert!(!script.contains("</script"));
        }
        assert!(!STYLE.contains("</style"));
    }

    #[test]
    fn the_policy_names_what_the_page_holds() {
        let policy = policy();
        assert_eq!(policy.matches("'sha256-").count(), SCRIPTS.len() + 1);
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"));
        assert!(!policy.contains("unsafe"));
    }
}

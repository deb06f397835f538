//! The markup of the page: all of it that is there without scripts, and the places that they fill.

use std::collections::HashMap;

use maud::{Markup, html};

use super::charts;
use crate::board::overview::{Card, Edge, Overview, Run, Standing, Text, Upkeep, Verdict};
use crate::board::status::Status;
use crate::render::escape;
use crate::time::{Seconds, Zone, humane, rfc3339};

/// Cards of one column in the markup. With scripts, all are there.
const COLUMN_MAX: usize = 200;
/// Runs in the markup.
const RUNS_MAX: usize = 50;
/// What is given for a parent or child in the markup, at most.
const PARENTS_MAX: usize = 8;

/// The columns of the board: the usual ones and those that another program's cards are in.
pub fn columns(overview: &Overview) -> Vec<Status> {
    let mut columns: Vec<Status> = Status::COLUMNS
        .into_iter()
        .filter(|status| *status != Status::Archived)
        .collect();
    for (status, _) in &overview.counts {
        if *status != Status::Archived && !columns.contains(status) {
            columns.push(status.clone());
        }
    }
    columns
}

/// Everything a reader sees.
pub fn body(overview: &Overview, standing: &Standing, zone: &Zone, columns: &[Status]) -> Markup {
    html! {
        a.skip href="#board" { "Skip to the board" }
        (top(standing, zone))
        main {
            (health(standing))
            (board(overview, columns))
            (dependencies())
            (runs(overview, zone))
            (charts::section(overview))
        }
        (dialog())
        (foot(overview, standing, zone))
    }
}

fn top(standing: &Standing, zone: &Zone) -> Markup {
    html! {
        header.top {
            div.title {
                p.kicker { "kanban board" }
                h1 { (standing.board) }
            }
            p.made {
                "Made " (moment(standing.made_at, zone)) " "
                span.age data-since=(standing.made_at) {}
                br;
                @match standing.last_tick_at {
                    Some(at) => { "Last tick " (moment(at, zone)) " " span.age data-since=(at) {} }
                    None => "No tick yet",
                }
            }
            nav aria-label="Sections" {
                a href="#board" { "Board" }
                a href="#dependencies" { "Dependencies" }
                a href="#runs" { "Runs" }
                a href="#figures" { "Figures" }
                button.quiet.scripted #theme type="button" hidden { "Theme" }
            }
        }
    }
}

/// A moment for people and for programs.
fn moment(at: Seconds, zone: &Zone) -> Markup {
    html! { time datetime=(rfc3339(at)) { (zone.text(at)) } }
}

fn health(standing: &Standing) -> Markup {
    html! {
        section.health #health aria-labelledby="health-title" {
            h2.unseen #health-title { "State" }
            p.notice.bad #outdated hidden {}
            @if standing.problems.is_empty() && standing.paused.is_empty() {
                p.notice.good { span.mark aria-hidden="true" { "✓" } "Nothing is wrong with this board." }
            }
            @for problem in &standing.problems {
                p.notice.bad { span.mark aria-hidden="true" { "!" } (escape::line(problem)) }
            }
            @for paused in &standing.paused {
                p.notice.held { span.mark aria-hidden="true" { "‖" } (escape::line(paused)) }
            }
        }
    }
}

fn board(overview: &Overview, columns: &[Status]) -> Markup {
    let mut parents: HashMap<&str, Vec<&Edge>> = HashMap::new();
    for edge in &overview.edges {
        parents.entry(edge.child.as_str()).or_default().push(edge);
    }
    let total = |status: &Status| {
        let found = overview.counts.iter().find(|(s, _)| s == status);
        found.map_or(0, |(_, n)| usize::try_from(*n).unwrap_or(0))
    };
    html! {
        section #board tabindex="-1" aria-labelledby="board-title" {
            h2 #board-title { "Board" }
            (filters())
            div.columns {
                @for (at, status) in columns.iter().enumerate() {
                    @let cards: Vec<&Card> = overview.cards.iter().filter(|c| c.status == *status).collect();
                    section.column data-status=(escape::line(status.as_str())) aria-labelledby={ "column-" (at) } {
                        h3 #{ "column-" (at) } {
                            span.name { (escape::line(status.as_str())) } " "
                            span.count { (total(status)) }
                        }
                        ul.cards {
                            @for card in cards.iter().take(COLUMN_MAX) {
                                li { (plain_card(card, parents.get(card.id.as_str()))) }
                            }
                        }
                        p.none hidden[!cards.is_empty()] { "No cards" }
                        @if cards.len() > COLUMN_MAX {
                            p.more { (COLUMN_MAX) " of " (total(status)) " are listed without scripts." }
                        }
                    }
                }
            }
        }
    }
}

/// The search, which needs scripts.
fn filters() -> Markup {
    html! {
        form.filters.scripted #filters role="search" hidden {
            label.search {
                span { "Search" }
                input #search type="search" autocomplete="off" spellcheck="false"
                    placeholder="Words of a title, text, name or id" aria-keyshortcuts="/";
            }
            @for (id, name) in [("by-column", "Column"), ("by-assignee", "Assignee"), ("by-tenant", "Tenant")] {
                label { span { (name) } select #(id) { option value="" { "all" } } }
            }
            button.quiet type="reset" { "Clear" }
            p.found #found role="status" {}
        }
    }
}

fn plain_card(card: &Card, parents: Option<&Vec<&Edge>>) -> Markup {
    let id = escape::line(card.id.as_str());
    html! {
        div.card {
            span.card-title { (escape::line(&card.title)) }
            span.card-facts {
                span.id { (id) }
                @if let Some(assignee) = &card.assignee { span { (escape::line(assignee)) } }
                @if card.priority != 0 { span { "priority " (card.priority) } }
                @if card.failures > 0 { span.bad { (card.failures) " failed" } }
                @if let Some(parents) = parents {
                    span {
                        "waits for "
                        @for (i, edge) in parents.iter().take(PARENTS_MAX).enumerate() {
                            @if i > 0 { ", " }
                            (escape::line(edge.parent.as_str()))
                        }
                        @if parents.len() > PARENTS_MAX { " and others" }
                    }
                }
            }
        }
    }
}

fn dependencies() -> Markup {
    html! {
        section #dependencies tabindex="-1" aria-labelledby="dependencies-title" {
            h2 #dependencies-title { "Dependencies" }
            p.lead #graph-said { "Drawn with scripts. Without them, each card above names what it waits for." }
            div.graph-tools.scripted hidden {
                label { span { "Group" } select #group {} }
                p.key aria-hidden="true" {
                    span { span.line-open {} "still holds" }
                    span { span.line-met {} "satisfied" }
                }
            }
            div.graph.scripted #graph hidden tabindex="0" role="region" aria-label="Graph of dependencies" {}
        }
    }
}

fn runs(overview: &Overview, zone: &Zone) -> Markup {
    html! {
        section #runs tabindex="-1" aria-labelledby="runs-title" {
            h2 #runs-title { "Runs" }
            div.timeline-tools.scripted hidden {
                fieldset #range {
                    legend { "Time" }
                    @for (value, name) in [("86400", "24 hours"), ("604800", "7 days"), ("0", "All")] {
                        label {
                            input type="radio" name="range" value=(value) checked[value == "604800"];
                            span { (name) }
                        }
                    }
                }
                p.key aria-hidden="true" {
                    span { span.swatch.good {} "completed" }
                    span { span.swatch.bad {} "failed" }
                    span { span.swatch.other {} "put off or taken away" }
                    span { span.swatch.running {} "running" }
                }
            }
            p.lead #timeline-said {
                @if overview.runs.is_empty() { "Nothing has run yet." }
            }
            div.timeline.scripted #timeline hidden {}
            details #run-list open[overview.runs.len() <= RUNS_MAX && !overview.runs.is_empty()] {
                summary { "Runs as a list" }
                div.scroll tabindex="0" role="region" aria-label="Runs as a list" {
                    (run_table(overview, zone))
                }
            }
        }
    }
}

fn run_table(overview: &Overview, zone: &Zone) -> Markup {
    html! {
        table #run-table {
            caption { "The newest " (overview.runs.len().min(RUNS_MAX)) " runs" }
            thead { tr {
                @for name in ["Card", "Worker", "Started", "Took", "Outcome", "Why"] { th scope="col" { (name) } }
            } }
            tbody {
                @for run in overview.runs.iter().take(RUNS_MAX) {
                    tr {
                        th scope="row" { span.id { (escape::line(run.task.as_str())) } }
                        td { (escape::line(run.worker.as_deref().unwrap_or("-"))) }
                        td { (moment(run.started_at, zone)) }
                        td { (took(run)) }
                        td { (outcome(&run.outcome)) }
                        td.long { (beginning(&run.note)) }
                    }
                }
            }
        }
    }
}

fn took(run: &Run) -> String {
    match run.duration_ms {
        Some(ms) => length(ms),
        None => "-".into(),
    }
}

/// A length of time for people.
pub fn length(ms: i64) -> String {
    match ms {
        0..10_000 => format!("{:.1}s", ms as f64 / 1_000.0),
        _ => humane(ms / 1_000),
    }
}

/// An outcome, with a mark that says the same as its colour.
fn outcome(outcome: &str) -> Markup {
    let (class, mark) = match Verdict::of(outcome) {
        Verdict::Good => ("good", "✓"),
        Verdict::Bad => ("bad", "✗"),
        Verdict::Neither => ("other", "–"),
        Verdict::Running => ("running", "▸"),
    };
    html! {
        span class={ "outcome " (class) } {
            span aria-hidden="true" { (mark) } " " (words(outcome))
        }
    }
}

/// A name of the board file in words.
pub fn words(name: &str) -> String {
    escape::line(&name.replace('_', " "))
}

fn beginning(text: &Text) -> String {
    let end = if text.cut { " …" } else { "" };
    escape::line(&text.start) + end
}

/// The place where a card is shown as a whole.
fn dialog() -> Markup {
    html! {
        dialog #card aria-labelledby="card-title" {
            div.card-head {
                p.kicker #card-kicker {}
                h2 #card-title tabindex="-1" {}
                button.quiet #card-close type="button" { "Close" }
            }
            div #card-body {}
        }
    }
}

fn foot(overview: &Overview, standing: &Standing, zone: &Zone) -> Markup {
    let count = |wanted: &dyn Fn(&Status) -> bool| -> i64 {
        let counts = overview.counts.iter().filter(|(status, _)| wanted(status));
        counts.map(|(_, n)| n).sum()
    };
    let archived = count(&|status| *status == Status::Archived);
    let on_board = count(&|status| *status != Status::Archived);
    let shown = overview.cards.len();
    html! {
        footer {
            h2 { "About this page" }
            ul {
                li {
                    "Made once, from one moment of the board; it asks nothing of any server. Times are in "
                    (zone.name()) "."
                    @if standing.upkeep == Upkeep::Ticks {
                        " Ticks make it anew when something changes, and once an hour."
                    }
                }
                @if archived > 0 { li { (archived) " archived cards are not on it." } }
                @if i64::try_from(shown).is_ok_and(|n| n < on_board) {
                    li { (shown) " of " (on_board) " cards are on it; those that ended first are left out." }
                }
                @if overview.cards.iter().any(|c| c.body.cut || c.result.cut) {
                    li { "Texts of cards are cut at " (overview.text_max) " characters." }
                }
                @if overview.more_edges { li { "Of who waits for whom, " (overview.edges.len()) " links are on it: first what its cards wait for." } }
                @if overview.older_runs { li { "Of the runs, the newest " (overview.runs.len()) " are on it; the figures count all of their days." } }
                @if overview.older_events { li { "Of what happened to cards, the newest " (overview.events.len()) " entries are on it." } }
                @if overview.older_comments { li { "Of the comments, the newest " (overview.comments.len()) " are on it." } }
                li { "What workers printed is not on it: kanban log ID, on the machine of the board." }
            }
            div.scripted hidden {
                h3 { "Keys" }
                dl.keys {
                    div { dt { kbd { "/" } } dd { "search" } }
                    div { dt { kbd { "↑" } " " kbd { "↓" } } dd { "from card to card" } }
                    div { dt { kbd { "←" } " " kbd { "→" } } dd { "from column to column" } }
                    div { dt { kbd { "Enter" } } dd { "open a card" } }
                    div { dt { kbd { "Esc" } } dd { "close it" } }
                }
                label.switch { input #slash type="checkbox" checked; " The key / goes to the search" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_another_program_is_a_column() {
        let overview = Overview {
            counts: vec![
                (Status::Archived, 3),
                (Status::Other("frozen".into()), 1),
                (Status::Done, 2),
            ],
            ..Overview::default()
        };
        let names: Vec<String> = columns(&overview).iter().map(Status::to_string).collect();
        assert_eq!(names.first().unwrap(), "triage");
        assert_eq!(names.last().unwrap(), "frozen");
        assert!(!names.contains(&"archived".to_owned()));
    }

    #[test]
    fn lengths_are_short_for_short_ones() {
        assert_eq!(length(0), "0.0s");
        assert_eq!(length(9_940), "9.9s");
        assert_eq!(length(61_000), "1m 1s");
    }
}

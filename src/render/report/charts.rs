//! The figures: what was done and what failed, day by day, why, and how long it took. Each is a drawing
//! with the same numbers as a table below it; marks and hatching say what colours say.

use libm::log;
use maud::{Markup, html};
use unicode_segmentation::UnicodeSegmentation;

use super::plain::{length, words};
use crate::board::overview::{Day, Figures, Overview, Percentiles, Verdict};
use crate::render::escape;

/// Width of every drawing, in its own units.
const WIDTH: f64 = 460.0;
/// Rows of a drawing by name; the table has all.
const ROWS_MAX: usize = 12;

/// The section with all figures.
pub fn section(overview: &Overview) -> Markup {
    html! {
        section #figures tabindex="-1" aria-labelledby="figures-title" {
            h2 #figures-title { "Figures" }
            p.lead { "The last " (overview.days.len()) " days." }
            div.charts {
                (throughput(&overview.days))
                (failures(&overview.ends))
                (durations(&overview.workers))
            }
        }
    }
}

/// A drawing, what it says in a sentence, and its numbers.
fn figure(id: &str, title: &str, said: &str, drawing: Option<Markup>, table: Markup) -> Markup {
    html! {
        figure aria-labelledby={ (id) "-title" } {
            figcaption {
                h3 #{ (id) "-title" } { (title) }
                p { (said) }
            }
            @if let Some(drawing) = drawing {
                div.scroll tabindex="0" role="region" aria-label={ (title) ", drawing" } { (drawing) }
                details {
                    summary { "Numbers" }
                    div.scroll tabindex="0" role="region" aria-label={ (title) ", numbers" } { (table) }
                }
            }
        }
    }
}

fn throughput(days: &[Day]) -> Markup {
    let done: usize = days.iter().map(|day| day.done).sum();
    let failed: usize = days.iter().map(|day| day.failed).sum();
    let said = format!(
        "{} done, {} failed.",
        counted(done, "card"),
        counted(failed, "run")
    );
    let table = html! {
        table {
            caption { "Cards done and runs failed, by day" }
            thead { tr { th scope="col" { "Day" } th scope="col" { "Cards done" } th scope="col" { "Runs failed" } } }
            tbody {
                @for day in days.iter().rev() {
                    tr { th scope="row" { (day.date) } td.number { (day.done) } td.number { (day.failed) } }
                }
            }
        }
    };
    let drawing = (done + failed > 0).then(|| bars(days, &said));
    figure("throughput", "Throughput", &said, drawing, table)
}

/// A bar for what was done and one for what failed, for each day.
fn bars(days: &[Day], said: &str) -> Markup {
    let (left, top, height) = (36.0, 12.0, 150.0);
    let most = days.iter().map(|day| day.done.max(day.failed)).max();
    let scale = round_up(most.unwrap_or(0));
    let step = (WIDTH - left) / days.len().max(1) as f64;
    let y = |value: usize| top + height - height * value as f64 / scale as f64;
    html! {
        svg viewBox={ "0 0 " (WIDTH) " 190" } role="img" aria-label={ "Bars by day: " (said) } {
            (hatching())
            @for value in [0, scale / 2, scale] {
                line.grid x1=(left) x2=(WIDTH) y1=(y(value)) y2=(y(value)) {}
                text.axis.right x=(left - 6.0) y=(y(value) + 4.0) { (value) }
            }
            @for (i, day) in days.iter().enumerate() {
                @let x = left + step * i as f64;
                @let (done, failed) = (y(day.done), y(day.failed));
                g {
                    title { (day.date) ": " (day.done) " done, " (day.failed) " failed" }
                    rect.bar.good x=(round(x + step * 0.12)) y=(round(done)) width=(round(step * 0.38)) height=(round(top + height - done)) {}
                    rect.bar.bad x=(round(x + step * 0.5)) y=(round(failed)) width=(round(step * 0.38)) height=(round(top + height - failed)) {}
                }
                // Counted from today, so that today has its date.
                @let ago = days.len() - 1 - i;
                @if ago.is_multiple_of(7) {
                    @let (class, x) = if ago == 0 { ("axis right", WIDTH) } else { ("axis middle", x + step / 2.0) };
                    text class=(class) x=(round(x)) y="182" { (day.date.get(5..).unwrap_or_default()) }
                }
            }
        }
        p.key aria-hidden="true" { span { span.swatch.good {} "cards done" } span { span.swatch.bad {} "runs failed" } }
    }
}

fn failures(ends: &[(String, usize)]) -> Markup {
    let failed: Vec<&(String, usize)> = ends
        .iter()
        .filter(|(outcome, _)| Verdict::of(outcome) == Verdict::Bad)
        .collect();
    let (count, all): (usize, usize) = (
        failed.iter().map(|(_, n)| n).sum(),
        ends.iter().map(|(_, n)| n).sum(),
    );
    let said = match (count, all) {
        (_, 0) => "Nothing ran.".to_owned(),
        (0, all) => format!("None of {} failed.", counted(all, "run")),
        (count, all) => format!(
            "{count} of {} failed ({}%).",
            counted(all, "run"),
            percent(count, all)
        ),
    };
    let table = html! {
        table {
            caption { "Runs by the way they ended" }
            thead { tr { th scope="col" { "End" } th scope="col" { "Runs" } th scope="col" { "Share" } } }
            tbody {
                @for (outcome, n) in ends {
                    tr { th scope="row" { (words(outcome)) } td.number { (n) } td.number { (percent(*n, all)) "%" } }
                }
            }
        }
    };
    let drawing = (all > 0).then(|| rows(ends, all, &said));
    figure("failures", "Ends of runs", &said, drawing, table)
}

/// A bar for each way to end.
fn rows(ends: &[(String, usize)], all: usize, said: &str) -> Markup {
    let shown = &ends[..ends.len().min(ROWS_MAX)];
    let (left, right, row) = (136.0, 80.0, 28.0);
    let most = shown.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1) as f64;
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (shown.len() as f64 * row + 8.0) } role="img" aria-label={ "Bars by end: " (said) } {
            (hatching())
            @for (i, (outcome, n)) in shown.iter().enumerate() {
                @let y = i as f64 * row + 4.0;
                @let width = (WIDTH - left - right) * *n as f64 / most;
                text.axis.label.right x=(left - 10.0) y=(y + 17.0) { (short(&words(outcome))) }
                rect class={ "bar " (class(outcome)) } x=(left) y=(y + 3.0) width=(round(width.max(2.0))) height="20" {}
                text.axis x=(round(left + width.max(2.0) + 8.0)) y=(y + 17.0) { (n) " · " (percent(*n, all)) "%" }
            }
        }
    }
}

fn durations(workers: &[Figures]) -> Markup {
    let said = match workers.len() {
        0 => "Nothing ran.".to_owned(),
        n => format!("{}.", counted(n, "worker")),
    };
    let table = html! {
        table {
            caption { "Runs by worker; half of them took no longer than p50, nine of ten no longer than p90" }
            thead { tr {
                @for name in ["Worker", "Completed", "Failed", "Other", "p50", "p90", "p99"] { th scope="col" { (name) } }
            } }
            tbody {
                @for worker in workers {
                    tr {
                        th scope="row" { (named(&worker.worker)) }
                        td.number { (worker.completed) } td.number { (worker.failed) } td.number { (worker.other) }
                        @for part in [|t: Percentiles| t.p50, |t: Percentiles| t.p90, |t: Percentiles| t.p99] {
                            td.number { (worker.took.map_or("-".to_owned(), |took| length(part(took)))) }
                        }
                    }
                }
            }
        }
    };
    let drawing = (!workers.is_empty()).then(|| spans(workers, &said));
    figure(
        "durations",
        "How long runs take, by worker",
        &said,
        drawing,
        table,
    )
}

/// For each worker, a line from the half to the slowest of a hundred, on a scale of powers of ten.
fn spans(workers: &[Figures], said: &str) -> Markup {
    let mut shown: Vec<(&Figures, Percentiles)> = workers
        .iter()
        .filter_map(|worker| Some((worker, worker.took?)))
        .collect();
    shown.sort_by_key(|(worker, _)| {
        std::cmp::Reverse(worker.completed + worker.failed + worker.other)
    });
    shown.truncate(ROWS_MAX);
    let (left, right, row) = (126.0, 20.0, 28.0);
    let longest = shown.iter().map(|(_, took)| took.p99).max().unwrap_or(0);
    let marks = [
        (100, "0.1s"),
        (1_000, "1s"),
        (10_000, "10s"),
        (60_000, "1m"),
        (600_000, "10m"),
        (3_600_000, "1h"),
        (36_000_000, "10h"),
        (360_000_000, "100h"),
    ];
    let end = marks
        .iter()
        .position(|(ms, _)| *ms >= longest)
        .unwrap_or(marks.len() - 1)
        .max(2);
    let (first, last) = (marks[0].0 as f64, marks[end].0 as f64);
    let x = |ms: i64| {
        let share = log((ms as f64).clamp(first, last) / first) / log(last / first);
        round(left + (WIDTH - left - right) * share)
    };
    let bottom = shown.len() as f64 * row + 6.0;
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (bottom + 24.0) } role="img" aria-label={ "Lengths by worker: " (said) } {
            @for (ms, name) in &marks[..=end] {
                line.grid x1=(x(*ms)) x2=(x(*ms)) y1="2" y2=(bottom) {}
                text.axis.middle x=(x(*ms)) y=(bottom + 16.0) { (name) }
            }
            @for (i, (worker, took)) in shown.iter().enumerate() {
                @let y = i as f64 * row + 18.0;
                text.axis.label.right x=(left - 10.0) y=(y + 4.0) { (short(&named(&worker.worker))) }
                g {
                    title { (named(&worker.worker)) ": p50 " (length(took.p50)) ", p90 " (length(took.p90)) ", p99 " (length(took.p99)) }
                    line.span x1=(x(took.p50)) x2=(x(took.p99)) y1=(y) y2=(y) {}
                    circle.p50 cx=(x(took.p50)) cy=(y) r="6" {}
                    rect.p90 x=(x(took.p90) - 4.0) y=(y - 4.0) width="8" height="8" {}
                    line.p99 x1=(x(took.p99)) x2=(x(took.p99)) y1=(y - 7.0) y2=(y + 7.0) {}
                }
            }
        }
        p.key aria-hidden="true" {
            span { span.mark-p50 {} "p50" } span { span.mark-p90 {} "p90" } span { span.mark-p99 {} "p99" }
        }
    }
}

/// What a failure is filled with, so that it is told by more than its colour.
fn hatching() -> Markup {
    html! {
        defs {
            pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                rect.hatch-ground width="6" height="6" {}
                line.hatch-line x1="0" y1="0" x2="0" y2="6" {}
            }
        }
    }
}

fn class(outcome: &str) -> &'static str {
    match Verdict::of(outcome) {
        Verdict::Good => "good",
        Verdict::Bad => "bad",
        Verdict::Neither | Verdict::Running => "other",
    }
}

fn named(worker: &str) -> String {
    match worker {
        "" => "nobody".to_owned(),
        name => escape::line(name),
    }
}

/// A name that fits beside a bar.
fn short(name: &str) -> String {
    let mut clusters = name.graphemes(true);
    let start: String = clusters.by_ref().take(18).collect();
    match clusters.next() {
        Some(_) => start + "…",
        None => start,
    }
}

fn counted(n: usize, one: &str) -> String {
    let end = if n == 1 { "" } else { "s" };
    format!("{n} {one}{end}")
}

fn percent(part: usize, all: usize) -> usize {
    (part * 100 + all / 2).checked_div(all).unwrap_or(0)
}

/// The next number that a scale ends well at: 2, 4, 6, 8, 10, 20, 40 …
fn round_up(value: usize) -> usize {
    let mut power = 1;
    loop {
        for step in [2, 4, 6, 8, 10] {
            if step * power >= value {
                return step * power;
            }
        }
        power *= 10;
    }
}

/// A coordinate without a tail of digits.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_ends_at_or_above_what_it_shows_and_its_middle_is_whole() {
        for (value, end) in [
            (0, 2),
            (2, 2),
            (3, 4),
            (5, 6),
            (11, 20),
            (41, 60),
            (101, 200),
        ] {
            assert_eq!(round_up(value), end);
            assert_eq!(end % 2, 0);
        }
    }

    #[test]
    fn shares_are_rounded_and_of_nothing_none() {
        assert_eq!((percent(1, 3), percent(2, 3), percent(0, 0)), (33, 67, 0));
    }

    #[test]
    fn a_board_without_runs_has_no_drawings_and_says_so() {
        let page = section(&Overview::default()).into_string();
        assert!(!page.contains("<svg") && page.contains("Nothing ran."));
    }
}

//! `kanban stats`

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

use super::{Global, Session};
use crate::fsx;
use crate::render;
use crate::render::style::Style;
use crate::render::table::Table;
use crate::store::stats::{self, Ends};
use crate::store::{claims, deliveries, targets, tasks};
use crate::tick;
use crate::time::{self, Seconds};

/// Count: cards by column, runs by worker and outcome, deliveries by channel
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban stats
  $ kanban stats --format prometheus --output kanban.prom"#)]
pub struct Args {
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Put it into this file instead, as a whole and readable for everybody: for the textfile collector
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object
    Json,
    /// The text format of Prometheus
    Prometheus,
}

#[derive(Debug, Serialize)]
struct Stats {
    board: String,
    /// Unix seconds of the last tick.
    last_tick_at: Option<Seconds>,
    cards: BTreeMap<String, i64>,
    running: BTreeMap<String, u32>,
    runs: Vec<Ends>,
    deliveries: Vec<Channel>,
    paused_targets: i64,
}

#[derive(Debug, Serialize)]
struct Channel {
    channel: String,
    /// Messages to be sent.
    open: i64,
    /// Messages that could not be delivered.
    dead: i64,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let what = format!("cannot count on board {}", session.board.slug);
    let stats = session.read(&what, |conn| {
        let paused = targets::list(conn)?
            .into_iter()
            .filter(|(_, standing)| standing.paused_at.is_some());
        Ok(Stats {
            board: session.board.slug.to_string(),
            last_tick_at: tick::last_at(&session.board),
            cards: tasks::counts(conn)?
                .into_iter()
                .map(|(status, n)| (status.to_string(), n))
                .collect(),
            running: claims::running(conn)?.into_iter().collect(),
            runs: stats::ends(conn)?,
            deliveries: deliveries::standing(conn)?
                .into_iter()
                .map(|(channel, open, dead)| Channel {
                    channel,
                    open,
                    dead,
                })
                .collect(),
            paused_targets: i64::try_from(paused.count()).unwrap_or(i64::MAX),
        })
    })?;
    let format = match global.json {
        true => Format::Json,
        false => args.format,
    };
    let text = match format {
        Format::Text => text(&stats),
        Format::Json => render::json(&stats)?,
        Format::Prometheus => prometheus(&stats),
    };
    match &args.output {
        Some(file) => {
            let file = std::path::absolute(file)
                .with_context(|| format!("cannot find {}", file.display()))?;
            fsx::publish(&file, text.as_bytes())
        }
        None => render::print(&text),
    }
}

fn text(stats: &Stats) -> String {
    let style = Style::stdout();
    let mut cards = Table::new(&["COLUMN", "CARDS"]).right(1);
    for (status, n) in &stats.cards {
        cards.row([status.clone(), n.to_string()]);
    }
    let mut runs = Table::new(&["WORKER", "OUTCOME", "RUNS", "TOOK"]).right(2);
    for end in &stats.runs {
        runs.row([
            end.worker.clone(),
            end.outcome.clone(),
            end.count.to_string(),
            time::humane(end.seconds as Seconds),
        ]);
    }
    let mut out = cards.render(&style);
    if !stats.runs.is_empty() {
        out += &format!("\n{}", runs.render(&style));
    }
    if !stats.deliveries.is_empty() {
        let mut channels = Table::new(&["CHANNEL", "TO SEND", "DEAD"])
            .right(1)
            .right(2);
        for channel in &stats.deliveries {
            channels.row([
                channel.channel.clone(),
                channel.open.to_string(),
                channel.dead.to_string(),
            ]);
        }
        out += &format!("\n{}", channels.render(&style));
    }
    out
}

/// The text exposition format (prometheus.io/docs/instrumenting/exposition_formats).
fn prometheus(stats: &Stats) -> String {
    let mut out = String::new();
    let mut family =
        |name: &str, kind: &str, help: &str, samples: Vec<(Vec<(&str, &str)>, String)>| {
            if samples.is_empty() {
                return;
            }
            out += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for (labels, value) in samples {
                let labels: Vec<String> = std::iter::once(("board", stats.board.as_str()))
                    .chain(labels)
                    .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
                    .collect();
                out += &format!("{name}{{{}}} {value}\n", labels.join(","));
            }
        };
    let cards = stats.cards.iter();
    family(
        "kanban_cards",
        "gauge",
        "Cards in a column.",
        cards
            .map(|(status, n)| (vec![("status", status.as_str())], n.to_string()))
            .collect(),
    );
    let running = stats.running.iter();
    family(
        "kanban_running",
        "gauge",
        "Workers at work.",
        running
            .map(|(worker, n)| (vec![("worker", worker.as_str())], n.to_string()))
            .collect(),
    );
    let over = || stats.runs.iter().filter(|end| end.outcome != "running");
    family(
        "kanban_runs_total",
        "counter",
        "Runs that are over.",
        over()
            .map(|e| {
                (
                    vec![
                        ("worker", e.worker.as_str()),
                        ("outcome", e.outcome.as_str()),
                    ],
                    e.count.to_string(),
                )
            })
            .collect(),
    );
    family(
        "kanban_run_seconds_total",
        "counter",
        "Seconds that runs took which are over.",
        over()
            .map(|e| {
                (
                    vec![
                        ("worker", e.worker.as_str()),
                        ("outcome", e.outcome.as_str()),
                    ],
                    e.seconds.to_string(),
                )
            })
            .collect(),
    );
    for (name, help, value) in [
        (
            "kanban_deliveries_open",
            "Messages to be sent.",
            (|c: &Channel| c.open) as fn(&Channel) -> i64,
        ),
        (
            "kanban_deliveries_dead",
            "Messages that could not be delivered.",
            |c| c.dead,
        ),
    ] {
        let channels = stats.deliveries.iter();
        family(
            name,
            "gauge",
            help,
            channels
                .map(|c| (vec![("channel", c.channel.as_str())], value(c).to_string()))
                .collect(),
        );
    }
    family(
        "kanban_targets_paused",
        "gauge",
        "Targets to which nothing can be delivered.",
        vec![(Vec::new(), stats.paused_targets.to_string())],
    );
    family(
        "kanban_last_tick_timestamp_seconds",
        "gauge",
        "When the last tick ended.",
        stats
            .last_tick_at
            .iter()
            .map(|at| (Vec::new(), at.to_string()))
            .collect(),
    );
    out
}

/// A label's value: backslash, quote and line break have escapes, and nothing else needs one.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

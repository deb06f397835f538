//! `kanban import`

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::export::{FORMAT, Header, VERSION};
use super::{Global, Session};
use crate::board::id::TaskId;
use crate::config::Caller;
use crate::exit::Failure;
use crate::render;
use crate::store::export::Cell;
use crate::store::import::Import;
use crate::store::{Store, Tx};
use crate::tick::open_runs;
use crate::time::{self, Seconds};

/// Make a board of what kanban export printed
///
/// The board must not exist, or be empty. It is made in one transaction: all of it, or nothing. What was running
/// is blocked on the new board, as its worker may still be at work for the old one: look, then unblock, complete or
/// cancel it. Nobody is told again what was told there. To have both boards, pause one of them: cards that are
/// ready start on each.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban export | kanban import - --board copy"#)]
pub struct Args {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Longer than any row that a program has use for.
const LINE_MAX: u64 = 256 * 1_048_576;

/// A line after the first: a row, or the end with the number of rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    table: Option<String>,
    row: Option<BTreeMap<String, Cell>>,
    rows: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Imported {
    board: String,
    rows: u64,
    /// The cards that were running.
    blocked: Vec<TaskId>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let now = time::now()?;
    let mut lines = Lines::open(&args.file)?;
    let header = lines.header()?;
    let path = session.board.db();
    let what = format!("cannot import into board {}", session.board.slug);
    // A card of the same id must not get a second worker.
    let open = open_runs::of_board(&session.config, &session.board, now)?;
    if !open.is_empty() {
        return Err(open_runs::refusal(&open, &session.board).into());
    }
    let made = Store::create_filled(&path, |tx| lines.fill(tx, &header, now))
        .with_context(|| what.clone())?;
    let (rows, blocked) = match made {
        Some(filled) => filled,
        None => session.write(&what, |tx, now| lines.fill(tx, &header, now))?,
    };
    let imported = Imported {
        board: session.board.slug.to_string(),
        rows,
        blocked,
    };
    if global.json {
        return render::print(&render::json(&imported)?);
    }
    let blocked = imported.blocked.iter();
    let lines: String = blocked
        .map(|id| format!("{id} was running and is blocked\n"))
        .collect();
    render::print(&format!(
        "{} rows are on board {}\n{lines}",
        imported.rows, imported.board
    ))
}

/// The lines of a file, which know where they stand.
struct Lines {
    shown: String,
    source: BufReader<Box<dyn Read>>,
    number: u64,
}

impl Lines {
    fn open(path: &PathBuf) -> Result<Self> {
        let (shown, source): (_, Box<dyn Read>) = match path.as_os_str() == "-" {
            true => ("standard input".to_owned(), Box::new(std::io::stdin())),
            false => {
                let shown = path.display().to_string();
                let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
                (shown, Box::new(file))
            }
        };
        Ok(Self {
            shown,
            source: BufReader::new(source),
            number: 0,
        })
    }

    /// The next line; none at the end of the file.
    fn next<T: for<'de> Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        self.number += 1;
        let mut line = Vec::new();
        let read = self
            .source
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut line);
        read.with_context(|| format!("cannot read {}", self.shown))?;
        if line.is_empty() {
            return Ok(None);
        }
        let value = serde_json::from_slice(&line).map_err(|e| Failure::usage(e.to_string()));
        value.map(Some).with_context(|| self.place())
    }

    fn place(&self) -> String {
        format!("line {} of {}", self.number, self.shown)
    }

    fn header(&mut self) -> Result<Header> {
        let no_export = || Failure::usage(format!("{} is no export of a board", self.shown));
        #[derive(Deserialize)]
        struct Kind {
            format: String,
            version: u32,
        }
        let hint = "kanban export makes one; a file of cards is for kanban create --from";
        let mut line = String::new();
        let read = self.source.by_ref().take(LINE_MAX).read_line(&mut line);
        read.map_err(|_| no_export().hint(hint))?;
        self.number = 1;
        let kind = serde_json::from_str(&line).ok();
        let Some(Kind { version, .. }) = kind.filter(|kind: &Kind| kind.format == FORMAT) else {
            return Err(no_export().hint(hint).into());
        };
        if version != VERSION {
            return Err(Failure::usage(format!(
                "{} has version {version} of the format, and this program knows version {VERSION}",
                self.shown
            ))
            .hint("export it again with this program, or import it with a newer one")
            .into());
        }
        let header = serde_json::from_str(&line).map_err(|e| Failure::usage(e.to_string()));
        header.with_context(|| self.place())
    }

    /// Puts all rows onto an empty board; returns how many there were, and which cards were running.
    fn fill(&mut self, tx: &Tx<'_>, header: &Header, now: Seconds) -> Result<(u64, Vec<TaskId>)> {
        let import = Import::begin(tx, &header.other_columns)?;
        let mut count = 0;
        loop {
            match self.next::<Line>()? {
                Some(Line {
                    table: Some(table),
                    row: Some(row),
                    rows: None,
                }) => {
                    import.row(&table, &row).with_context(|| self.place())?;
                    count += 1;
                }
                Some(Line {
                    table: None,
                    row: None,
                    rows: Some(rows),
                }) if rows == count => break,
                Some(_) => {
                    let message = format!(
                        "{} is no row, and not the end of {count} rows",
                        self.place()
                    );
                    return Err(Failure::usage(message).into());
                }
                None => {
                    return Err(Failure::usage(format!("{} ends too early", self.shown))
                        .hint(format!(
                            "it was cut off after {count} rows; export the board again"
                        ))
                        .into());
                }
            }
        }
        if self.next::<serde::de::IgnoredAny>()?.is_some() {
            return Err(Failure::usage(format!("{} comes after the end", self.place())).into());
        }
        let running = import.end(&header.sequences, &Caller::current().name, now)?;
        Ok((count, running))
    }
}

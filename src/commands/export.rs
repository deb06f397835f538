//! `kanban export`, and the form of its lines.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::{Global, Session};
use crate::fsx;
use crate::render;
use crate::store::export::{self, Cell, Strange};
use crate::time::{self, Seconds};

/// Print the whole board as lines of JSON, for kanban import or another program
///
/// Every card with its links, comments, runs, events, attachments and subscriptions, as it stands at one moment:
/// every column, those of other programs too. Not in it are the files of the board's folder (logs, workspaces,
/// attached files), messages that are still to be delivered, and what lets a worker report for itself.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban export --output board.jsonl
  $ kanban export | gzip >board.jsonl.gz"#)]
pub struct Args {
    /// Put it into this file, which must not exist
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What the first line calls itself.
pub const FORMAT: &str = "kanban-export";
/// The version of the lines. Columns come and go without a new one: every row names its own.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub version: u32,
    pub board: String,
    pub exported_at: Seconds,
    /// The highest number that each table has given to a row.
    pub sequences: BTreeMap<String, i64>,
    /// Columns that a new board does not have, with their kinds.
    pub other_columns: Strange,
}

/// A row, its columns in the order of the table.
struct Row<'a> {
    table: &'a str,
    row: Columns<'a>,
}

struct Columns<'a>(&'a [String], &'a [Cell]);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(2))?;
        map.serialize_entry("table", self.table)?;
        map.serialize_entry("row", &self.row)?;
        map.end()
    }
}

impl Serialize for Columns<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().zip(self.1))
    }
}

/// The last line, by which a file that was cut off is told from a whole one.
#[derive(Debug, Serialize)]
struct End {
    rows: u64,
}

#[derive(Debug, Serialize)]
struct Exported {
    board: String,
    file: String,
    rows: u64,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let now = time::now()?;
    let Some(file) = &args.output else {
        return render::stream(|out| write(&session, now, out).map(drop));
    };
    let rows = fsx::create_whole(file, |out| write(&session, now, out))?;
    if global.json {
        let exported = Exported {
            board: session.board.slug.to_string(),
            file: file.display().to_string(),
            rows,
        };
        return render::print(&render::json(&exported)?);
    }
    Ok(())
}

/// Writes every line. One reading transaction is open all the while: it holds up no writer, and only it makes the
/// rows belong together.
fn write(session: &Session, now: Seconds, out: &mut dyn Write) -> Result<u64> {
    let what = format!("cannot export board {}", session.board.slug);
    session.reader()?.read(&what, |conn| {
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            board: session.board.slug.to_string(),
            exported_at: now,
            sequences: export::sequences(conn)?,
            other_columns: export::strange(conn)?,
        };
        out.write_all(render::json_line(&header)?.as_bytes())?;
        let mut rows = 0;
        export::rows(conn, &header.other_columns, |table, names, cells| {
            let row = Columns(names, cells);
            out.write_all(render::json_line(&Row { table, row })?.as_bytes())?;
            rows += 1;
            Ok(())
        })?;
        out.write_all(render::json_line(&End { rows })?.as_bytes())?;
        Ok(rows)
    })
}

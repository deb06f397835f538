//! `kanban log`

use std::io::{Read, Seek, SeekFrom, Write};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::exit::Failure;
use crate::render::{self, escape, style::Style};
use crate::store::tasks;
use crate::{fsx, time};

/// Print what the workers of a card have written
///
/// On a terminal, control characters are shown instead of acted on; in a pipe the bytes come as they are.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban log t_3c4d5e6f -n 20
  $ less "$(kanban log t_3c4d5e6f --path)""#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// Only the last so many lines
    #[arg(long, short = 'n', value_name = "N")]
    lines: Option<usize>,
    /// Print the path of the log instead
    #[arg(long)]
    path: bool,
}

/// The most that is read of a log, in bytes: what rotation leaves, with room for a long last run.
const READ_MAX: u64 = 64 * 1_048_576;

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let id = session.reader()?.read("cannot look up the card", |conn| {
        Ok(tasks::get(conn, &tasks::find(conn, &args.id)?)?.id)
    })?;
    let path = session.board.log(&id);
    if args.path {
        return render::print(&format!("{}\n", escape::line(&path.display().to_string())));
    }
    let mut file = fsx::open_existing(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => anyhow::Error::from(Failure::not_found(format!(
            "{id} has no log: no worker has been started for it"
        ))),
        _ => anyhow::Error::from(e).context(format!("cannot open {}", path.display())),
    })?;
    let len = file.metadata()?.len();
    file.seek(SeekFrom::Start(len.saturating_sub(READ_MAX)))?;
    let mut bytes = Vec::new();
    file.take(READ_MAX)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = last_lines(&bytes, args.lines);
    if global.json {
        let text = String::from_utf8_lossy(bytes);
        return render::print(&render::json(
            &json!({"id": id, "path": path, "at": time::now()?, "text": text}),
        )?);
    }
    if Style::stdout().terminal {
        return render::print(&escape::block(&String::from_utf8_lossy(bytes)));
    }
    match std::io::stdout().lock().write_all(bytes) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

fn last_lines(bytes: &[u8], lines: Option<usize>) -> &[u8] {
    let Some(lines) = lines else { return bytes };
    let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut starts = end
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, b)| **b == b'\n')
        .map(|(i, _)| i + 1);
    match (lines, starts.nth(lines.saturating_sub(1))) {
        (0, _) => &[],
        (_, Some(start)) => &bytes[start..],
        (_, None) => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_whole_lines() {
        let text = b"one\ntwo\nthree\n";
        assert_eq!(last_lines(text, None), text);
        assert_eq!(last_lines(text, Some(1)), b"three\n");
        assert_eq!(last_lines(text, Some(2)), b"two\nthree\n");
        assert_eq!(last_lines(text, Some(9)), text);
        assert_eq!(last_lines(text, Some(0)), b"");
    }
}

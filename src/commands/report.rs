//! `kanban report`: the page of a board.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Global, Session};
use crate::exit::Failure;
use crate::fsx;
use crate::render;
use crate::tick::page::{For, make};

/// Make a page of the board for a browser: one file that needs no server
///
/// It has the cards in their columns, with search and filters, what waits for what as a graph, the runs on a
/// line of time, and what was done and failed in the last 30 days. It loads nothing and sends nothing, works
/// from a file, a mail or any web server, in light and dark, on a phone, with the keyboard alone, on paper, and
/// for the most part without scripts.
///
/// It holds what "kanban show" prints of each card, the texts cut where there are many cards; not what workers
/// printed, nor folders, process ids or where messages are sent to. Archived cards are counted only. A new file
/// is readable for its owner alone; to publish it, let others read it once ("chmod 644"): a file that is there
/// keeps its permissions.
///
/// With [boards.NAME] report = "FILE" in the configuration, ticks keep the page up to date.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban report --html board.html"#)]
pub struct Args {
    /// The file to make or to replace, as a whole; "-" is standard output
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let to_stdout = args.html == Path::new("-");
    if to_stdout && global.json {
        return Err(
            Failure::usage("--json and --html - both write to standard output")
                .hint("name a file for the page")
                .into(),
        );
    }
    let store = session.reader()?;
    let made = make(&session.config, &session.board, &store, For::Somebody)?;
    if to_stdout {
        return render::print(&made.html);
    }
    let path = std::path::absolute(&args.html)
        .with_context(|| format!("cannot find {}", args.html.display()))?;
    fsx::renew(&path, made.html.as_bytes())?;
    if global.json {
        let object = json!({
            "board": session.board.slug,
            "path": path.to_string_lossy(),
            "bytes": made.html.len(),
            "cards": made.cards,
        });
        return render::print(&render::json(&object)?);
    }
    Ok(())
}

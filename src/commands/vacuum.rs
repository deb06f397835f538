//! `kanban vacuum`

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use super::{Global, Session};
use crate::exit::{Failure, Kind};
use crate::fsx;
use crate::render;
use crate::render::page::field;
use crate::render::size;
use crate::render::style::Style;
use crate::store::{Checkpoint, Store};
use crate::tick::hermes;
use crate::tick::lock::Alone;

/// Make the file of a board as small as what is in it
///
/// Removed cards, events and runs leave room in the file, which is used again; this gives it back to the disk. It
/// takes the board for as long as it writes it anew, needs twice its size on the disk meanwhile, and exits 75 if
/// another program is writing. There is seldom a reason to do it often.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban vacuum"#)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let board = &session.board;
    hermes::admit(board)?;
    // A lock beside a board that is not there could not even be made.
    drop(session.reader()?);
    let alone = Alone::take(board)?;
    let mut store = Store::open(&board.db())?;
    let before = store.size()?;
    require_room(&board.db(), before.used())?;
    let checkpoint = store.vacuum()?;
    let after = store.size()?;
    drop(store);
    drop(alone);
    if global.json {
        let object = json!({
            "board": board.slug, "before": before, "after": after, "checkpoint": checkpoint,
        });
        return render::print(&render::json(&object)?);
    }
    let style = Style::stdout();
    let mut out = field(&style, "before", &size(before.bytes));
    out += &field(&style, "after", &size(after.bytes));
    if checkpoint == Checkpoint::Busy {
        out += &field(
            &style,
            "note",
            "somebody reads the board; its file becomes smaller with a later tick",
        );
    }
    render::print(&out)
}

/// The new content is written twice: where SQLite keeps temporary files, and beside the board.
fn require_room(db: &Path, content: u64) -> Result<()> {
    let folder = db.parent().unwrap_or(Path::new("."));
    let temporary = temporary();
    // A tenth more, for what others write meanwhile.
    let once = content.saturating_add(content / 10);
    let device = |path: &Path| path.metadata().map(|meta| meta.dev());
    let needed = match device(folder).ok() == device(&temporary).ok() {
        true => vec![(folder, once.saturating_mul(2))],
        false => vec![(folder, once), (&*temporary, once)],
    };
    for (place, needed) in needed {
        let free = fsx::free_space(place)
            .with_context(|| format!("cannot see how much room there is in {}", place.display()))?;
        if free < needed {
            return Err(Failure::new(
                Kind::Failed,
                format!(
                    "there is not enough room in {} to write the board anew: {} are needed, {} are free",
                    place.display(),
                    size(needed),
                    size(free)
                ),
            )
            .hint("nothing was changed; free some space, or set TMPDIR to another disk")
            .into());
        }
    }
    Ok(())
}

/// Where SQLite puts a temporary file of this size.
fn temporary() -> PathBuf {
    let named = std::env::temp_dir();
    let usual = Path::new("/var/tmp");
    match named == Path::new("/tmp") && usual.is_dir() {
        true => usual.to_owned(),
        false => named,
    }
}

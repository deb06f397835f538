//! `kanban check`

mod files;

use anyhow::Result;
use serde::Serialize;

use super::{Global, Session};
use crate::exit::{Failure, Kind};
use crate::render;
use crate::render::page::{field, field_in, indented};
use crate::render::style::{Colour, Style};
use crate::store::Store;
use crate::store::check::{self, Depth, Finding, Integrity, Severity};
use crate::store::quarantine::{self, Mark};
use crate::tick::lock::Alone;
use crate::time;

/// Check a board: its file, what must hold between its cards and runs, and what lies beside it
///
/// Without --fix, nothing is written, and a board that nobody may write to can be checked too. With it, what can be
/// mended without losing anything is; a card that a worker may be at work on is never touched. A board that was
/// quarantined and is sound is let go by --fix.
///
/// Exits 1 if an error is left, and 5 if the file is damaged: then the way back is shown.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban check
  $ kanban check --fix"#)]
pub struct Args {
    /// Read the pages of the file only, and not every index against its table
    #[arg(long, conflicts_with = "fix")]
    quick: bool,
    /// Mend what can be mended without losing anything
    #[arg(long)]
    fix: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Checked {
    board: String,
    path: String,
    quick: bool,
    /// Nothing that is an error is left.
    healthy: bool,
    /// The file can be read, all of it.
    sound: bool,
    /// What SQLite says of a file that is not sound.
    damage: Vec<String>,
    /// The mark of a board on which nothing is done.
    quarantine: Option<Mark>,
    /// A quarantine was lifted.
    released: bool,
    findings: Vec<Finding>,
    /// What to do about a file that is damaged, a step a line.
    way_back: Vec<String>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    // Whoever mends keeps ticks away, and looks only then.
    let _alone = match args.fix {
        true => Some(Alone::take(&session.board)?),
        false => None,
    };
    let checked = match args.fix {
        true => mend(&session)?,
        false => look(&session, depth(args))?.0,
    };
    if global.json {
        render::print(&render::json(&checked)?)?;
    } else {
        render::print(&text(&checked))?;
    }
    verdict(&checked)
}

fn depth(args: &Args) -> Depth {
    match args.quick {
        true => Depth::Quick,
        false => Depth::Full,
    }
}

fn verdict(checked: &Checked) -> Result<()> {
    let board = &checked.board;
    if !checked.sound {
        let what = format!("the file of board {board} is damaged");
        return Err(Failure::unusable(what)
            .hint("nothing was changed in it")
            .into());
    }
    let left = |f: &&Finding| f.severity == Severity::Error && f.is_left();
    match checked.findings.iter().filter(left).count() {
        0 => Ok(()),
        n => {
            let s = if n == 1 { "" } else { "s" };
            Err(Failure::new(Kind::Failed, format!("board {board}: {n} error{s}")).into())
        }
    }
}

/// Everything that is wrong, and the board if it can be read.
fn look(session: &Session, depth: Depth) -> Result<(Checked, Option<Store>)> {
    let (board, db) = (&session.board, session.board.db());
    let (store, integrity) = Store::open_to_check(&db, depth)?;
    let mut checked = Checked {
        board: board.slug.to_string(),
        path: db.to_string_lossy().into_owned(),
        quick: depth == Depth::Quick,
        healthy: false,
        sound: true,
        damage: Vec::new(),
        quarantine: quarantine::read(&db),
        released: false,
        findings: Vec::new(),
        way_back: Vec::new(),
    };
    match integrity {
        Integrity::Sound => {}
        Integrity::Indexes(lines) => {
            checked.findings.push(of_indexes(&lines));
            checked.damage = lines;
        }
        Integrity::Damaged(lines) => {
            checked.sound = false;
            checked.damage = lines;
            checked.way_back = way_back(session);
            return Ok((checked, store));
        }
    }
    if let Some(mark) = &checked.quarantine {
        checked.findings.push(of_quarantine(mark));
    }
    if let Some(store) = &store {
        let now = time::now()?;
        let found = store.read("cannot check the board", |conn| {
            Ok((check::look(conn, now)?, files::litter(conn, board)?))
        })?;
        checked.findings.extend(found.0);
        checked.findings.extend(found.1);
    }
    checked.findings.extend(files::permissions(board));
    settle(&mut checked);
    Ok((checked, store))
}

fn settle(checked: &mut Checked) {
    let error = |f: &Finding| f.severity == Severity::Error && f.is_left();
    checked.healthy = checked.sound && !checked.findings.iter().any(error);
}

/// Mends what can be, and says what is left.
fn mend(session: &Session) -> Result<Checked> {
    let (board, db) = (&session.board, session.board.db());
    let (mut checked, looked) = look(session, Depth::Full)?;
    drop(looked);
    if !checked.sound {
        // From now on ticks leave it alone, too.
        quarantine::set(&db, &checked.damage.join("; "));
        checked.quarantine = quarantine::read(&db);
        return Ok(checked);
    }
    let only_indexes = !checked.damage.is_empty();
    if checked.quarantine.is_some() && !only_indexes {
        checked.released = quarantine::lift(&db)?;
    }
    let mut store = Store::open_to_mend(&db)?;
    if only_indexes {
        match store.reindex()? {
            Integrity::Sound => checked.released = quarantine::lift(&db)?,
            Integrity::Indexes(lines) | Integrity::Damaged(lines) => {
                return Err(Failure::unusable(format!(
                    "the indexes of {} cannot be made anew: {}",
                    db.display(),
                    lines.join("; ")
                ))
                .into());
            }
        }
        checked.damage.clear();
    }
    for finding in &mut checked.findings {
        if matches!(finding.rule, QUARANTINED | INDEXES) {
            finding.fixed = finding.count;
        }
    }
    if checked.released {
        checked.quarantine = None;
    }
    let now = time::now()?;
    check::mend(&mut store, &mut checked.findings, now)?;
    store.checkpoint_if_large()?;
    files::mend(board, &mut checked.findings)?;
    settle(&mut checked);
    Ok(checked)
}

const QUARANTINED: &str = "quarantined";
const INDEXES: &str = "damaged_index";

fn of_quarantine(mark: &Mark) -> Finding {
    Finding {
        rule: QUARANTINED,
        severity: Severity::Error,
        count: 1,
        ids: Vec::new(),
        what: format!(
            "the board is quarantined ({}), and its file is sound",
            mark.said
        ),
        advice: "kanban check --fix lets it go".into(),
        fixable: true,
        fixed: 0,
    }
}

fn of_indexes(lines: &[String]) -> Finding {
    Finding {
        rule: INDEXES,
        severity: Severity::Error,
        count: lines.len(),
        ids: Vec::new(),
        what: "indexes that do not agree with their tables; no row is lost".into(),
        advice: "kanban check --fix makes them anew".into(),
        fixable: true,
        fixed: 0,
    }
}

/// The steps that lead from a damaged file to a board that works.
fn way_back(session: &Session) -> Vec<String> {
    let slug = &session.board.slug;
    let db = session.board.db();
    let shown = db.display();
    vec![
        format!("with the newest file that kanban backup made: kanban restore FILE --board {slug}"),
        format!(
            "without one: sqlite3 '{shown}' .recover | sqlite3 recovered.db, and then kanban restore recovered.db --board {slug}"
        ),
        "workers that run are asked to end by --stop-workers; what is there now is kept aside"
            .into(),
    ]
}

fn text(checked: &Checked) -> String {
    let style = Style::stdout();
    let mut out = field(&style, "board", &checked.board);
    let state = match (checked.sound, checked.healthy, checked.findings.is_empty()) {
        (false, ..) => (Colour::Red, "damaged"),
        (_, false, _) => (Colour::Red, "something is wrong"),
        (_, true, false) => (Colour::Yellow, "nothing that keeps it from working"),
        (_, true, true) => (Colour::Green, "sound"),
    };
    out += &field_in(&style, state.0, "state", state.1);
    for line in &checked.damage {
        out += &field(&style, "SQLite says", line);
    }
    if let Some(mark) = &checked.quarantine {
        let since = mark.since.map_or_else(|| "-".into(), time::local);
        out += &field(
            &style,
            "quarantined",
            &format!("since {since}: {}", mark.said),
        );
    }
    if checked.released {
        out += &field_in(
            &style,
            Colour::Green,
            "released",
            "ticks serve the board again",
        );
    }
    for finding in &checked.findings {
        let (colour, word) = match finding.severity {
            _ if !finding.is_left() => (Colour::Green, "fixed"),
            Severity::Error => (Colour::Red, "error"),
            Severity::Warning => (Colour::Yellow, "warning"),
            Severity::Info => (Colour::Dim, "note"),
        };
        let what = format!("{} {}", finding.count, finding.what);
        out += &field_in(&style, colour, word, &what);
        let more = finding.count.saturating_sub(finding.ids.len());
        let ids = match (finding.ids.is_empty(), more) {
            (true, _) => String::new(),
            (_, 0) => finding.ids.join(", "),
            _ => format!("{} and {more} more", finding.ids.join(", ")),
        };
        out += &indented(&style, &ids);
        if finding.is_left() {
            out += &indented(&style, &finding.advice);
        }
    }
    for step in &checked.way_back {
        out += &field(&style, "way back", step);
    }
    out
}

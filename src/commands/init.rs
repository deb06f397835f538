//! `kanban init`

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use super::{Global, Session};
use crate::config::{self, Hermes};
use crate::exit::Failure;
use crate::render::escape;
use crate::render::{self};
use crate::store::Store;
use crate::tick::hermes;

/// Make a board, or take over the boards of Hermes Agent
///
/// An existing board is left as it is. The board is named by --board, or is called "default".
///
/// With --hermes, every board and every profile of that installation is one here: the folder is written into
/// the configuration, what would go wrong is told, and nothing of Hermes is changed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban init
  $ kanban init --board website
  $ kanban init --hermes ~/.hermes"#)]
pub struct Args {
    /// The folder of a Hermes installation, such as ~/.hermes
    #[arg(long, value_name = "DIR")]
    hermes: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    if let Some(dir) = &args.hermes {
        return take_over(dir, global);
    }
    let session = Session::open(global)?;
    let db = session.board.db();
    let new = session.board.hermes.is_none() && Store::create(&db)?;
    if global.json {
        return render::print(&render::json(
            &json!({"board": session.board.slug, "path": db, "new": new}),
        )?);
    }
    let made = if new {
        "made the board"
    } else {
        "there is the board already:"
    };
    render::print(&format!(
        "{made} {} ({})\n",
        session.board.slug,
        escape::line(&db.display().to_string())
    ))
}

fn take_over(dir: &std::path::Path, global: &Global) -> Result<()> {
    let written = config::adopt_hermes(dir, global.config.as_deref())?;
    let config = config::load(global.config.as_deref())?;
    let Some(hermes) = &config.hermes else {
        return Err(Failure::usage("the configuration names no hermes_home").into());
    };
    let boards = hermes.boards();
    let problems = problems(&config, hermes);
    if global.json {
        return render::print(&render::json(&json!({
            "hermes_home": hermes.root,
            "config": config.path,
            "changed": written,
            "boards": boards,
            "profiles": hermes.profiles().keys().collect::<Vec<_>>(),
            "problems": problems,
        }))?);
    }
    let shown = |path: &std::path::Path| escape::line(&path.display().to_string());
    let file = config.path.as_deref().map(shown).unwrap_or_default();
    let mut out = match written {
        true => format!(
            "wrote hermes_home = \"{}\" to {file}\n",
            shown(&hermes.root)
        ),
        false => format!("{file} names {} already\n", shown(&hermes.root)),
    };
    let list = |names: Vec<String>| match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    out += &format!(
        "boards: {}\n",
        list(boards.iter().map(ToString::to_string).collect())
    );
    out += &format!(
        "profiles: {}\n",
        list(hermes.profiles().into_keys().collect())
    );
    for problem in &problems {
        out += &format!("problem: {}\n", escape::line(problem));
    }
    out += &format!(
        "\nTo hand the boards over, set in {} and restart the gateway:\n\n    kanban:\n      \
         dispatch_in_gateway: false\n      auto_decompose: false\n\n\
         Its gateway no longer notifies then. What people subscribed to there goes on through a channel with\n\
         platform = \"telegram\" (or whichever it is); see kanban-notifications(7).\n\
         Then let cron or a timer run: kanban tick --board NAME\n",
        shown(&hermes.root.join("config.yaml"))
    );
    render::print(&out)
}

/// What would keep the boards from being served here.
fn problems(config: &config::Config, home: &Hermes) -> Vec<String> {
    let mut found = Vec::new();
    if !home.root.is_dir() {
        found.push(format!("there is no folder {}", home.root.display()));
    }
    if hermes::gateway_dispatches(home) {
        found.push("a gateway dispatches these boards at this moment; ticks are refused until it is restarted without".into());
    }
    if home.emergency_stop().symlink_metadata().is_ok() {
        found.push(format!(
            "the emergency stop {} is set: nothing is started",
            home.emergency_stop().display()
        ));
    }
    for slug in home.boards() {
        // Nothing stays on a board that nobody has ticked yet.
        if let Err(e) = Store::imagine(&home.board(&slug).db()) {
            found.push(format!("board {slug}: {}", crate::exit::line(&e)));
        }
    }
    let doubts = config.warnings();
    found.extend(
        doubts
            .into_iter()
            .filter(|w| {
                home.profiles()
                    .keys()
                    .any(|name| w.starts_with(&format!("workers.{name}.command")))
            })
            .take(1),
    );
    found
}

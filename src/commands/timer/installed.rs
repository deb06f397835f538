//! The systemd units that an earlier `kanban timer install` of this home wrote, for `kanban doctor`.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Kind;
use super::files::SYSTEM_UNITS;
use crate::config::{Config, Surroundings};
use crate::hosts::{self, Text, Ticked, systemd};
use crate::platform::{Unit, unit_path};
use crate::worker::unit_file;

/// An installed service without `Delegate=yes`.
pub struct Undelegated {
    /// Its file.
    pub path: PathBuf,
    /// The command that writes it again.
    pub command: String,
}

/// The services of this home in which a run gets no cgroup of its own, because a version of this program
/// wrote them that did not set `Delegate=yes` and no drop-in sets it either.
pub fn undelegated(config: &Config) -> Result<Vec<Undelegated>> {
    // A home whose path fits into no unit has none.
    let Ok(home) = Text::new("the home of kanban", &config.home.dir) else {
        return Ok(Vec::new());
    };
    let user_units = Surroundings::find(config)
        .configs
        .map(|configs| configs.join("systemd/user"));
    let mut found = Vec::new();
    for (kind, folder) in [
        (Kind::SystemdSystem, Some(PathBuf::from(SYSTEM_UNITS))),
        (Kind::Systemd, user_units),
    ] {
        for path in folder.map_or_else(|| Ok(Vec::new()), |folder| services(&folder))? {
            let shown = path.display();
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {shown}"))?;
            if let Some(ticked) = hosts::ticked_in(&text, &home)
                && !is_delegated(&path, kind)
                    .with_context(|| format!("cannot read the drop-ins of {shown}"))?
            {
                found.push(Undelegated {
                    command: install_command(kind, &ticked),
                    path,
                });
            }
        }
    }
    Ok(found)
}

/// The files in a folder that have the name of a service of ours.
fn services(folder: &Path) -> Result<Vec<PathBuf>> {
    let shown = folder.display();
    let entries = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.with_context(|| format!("cannot list {shown}"))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot list {shown}"))?
            .path();
        let name = path.file_name().and_then(OsStr::to_str);
        if name.is_some_and(systemd::is_service_name) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn is_delegated(path: &Path, kind: Kind) -> io::Result<bool> {
    let unit = Unit {
        name: path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        of_user: kind == Kind::Systemd,
    };
    let folders = unit_path::search_path(&unit);
    let settings = unit_file::read(&unit.name, &folders)?;
    Ok(settings.is_some_and(|settings| settings.delegated))
}

fn install_command(kind: Kind, ticked: &Ticked) -> String {
    let kind = match kind {
        Kind::SystemdSystem => "systemd-system",
        _ => "systemd",
    };
    let ticked = match ticked {
        Ticked::Board(board) => format!("--board {board}"),
        Ticked::All => "--all".to_owned(),
    };
    format!("kanban timer install --kind {kind} {ticked}")
}

//! Which boards there are, where each lives, and which one is meant.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use serde_json::Value;

use crate::board::id::Slug;
use crate::exit::Failure;

use super::effective::Config;
use super::hermes::Hermes;
use super::paths::Board;

/// The board of a home without boards.
const FIRST_BOARD: &str = "default";

impl Config {
    /// A board and where it lives, whether it exists or not.
    pub fn board(&self, slug: &Slug) -> Board {
        let native = |dir: PathBuf| Board::native(slug.clone(), dir);
        if let Some(dir) = self.folders.get(slug) {
            return native(dir.clone());
        }
        let ours = native(self.home.boards_dir().join(slug.as_str()));
        // A board of ours goes before one of Hermes that has the same name.
        match &self.hermes {
            Some(hermes) if !ours.db.exists() && hermes.board(slug).db.exists() => {
                hermes.board(slug)
            }
            _ => ours,
        }
    }

    /// The repository of worktrees of a board that name none: the file's, else what Hermes has for the board.
    pub fn default_workdir(&self, board: &Board) -> Option<PathBuf> {
        if let Some(dir) = self.workdirs.get(&board.slug) {
            return Some(dir.clone());
        }
        board.hermes.as_ref()?;
        let about = match board.slug.as_str() {
            "default" => board.dir.join("boards/default/board.json"),
            _ => board.dir.join("board.json"),
        };
        let about: Value = serde_json::from_slice(&std::fs::read(about).ok()?).ok()?;
        let dir = PathBuf::from(about.get("default_workdir")?.as_str()?);
        dir.is_absolute().then_some(dir)
    }

    /// The boards of the home and those that the file names, in order; an error if the home cannot be
    /// listed.
    pub fn list_boards(&self) -> Result<Vec<Slug>> {
        Ok(self.with_named(self.home.boards_found()?))
    }

    /// [`Config::list_boards`] for where a part is better than nothing: boards that cannot be listed
    /// are left out, with a warning in the log.
    pub fn known_boards(&self) -> Vec<Slug> {
        let found = self.home.boards_found().unwrap_or_else(|e| {
            log::warn!("{e:#}");
            Vec::new()
        });
        self.with_named(found)
    }

    fn with_named(&self, found: Vec<Slug>) -> Vec<Slug> {
        let named = self.file.boards.keys().filter_map(|name| name.parse().ok());
        let of_hermes = self.hermes.iter().flat_map(Hermes::boards);
        let known: BTreeSet<Slug> = found.into_iter().chain(named).chain(of_hermes).collect();
        known.into_iter().collect()
    }

    /// The board that was named; else the only one, or the first one to be.
    pub fn choose_board(&self, named: Option<&Slug>) -> Result<Board> {
        if let Some(slug) = named {
            return Ok(self.board(slug));
        }
        let known = self.list_boards()?;
        match known.as_slice() {
            [] => Ok(self.board(&FIRST_BOARD.parse().map_err(Failure::usage)?)),
            [only] => Ok(self.board(only)),
            several => {
                let names: Vec<&str> = several.iter().map(Slug::as_str).collect();
                let message = format!("there are {} boards ({})", names.len(), names.join(", "));
                Err(Failure::usage(message).hint("name one with --board").into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::effective::tests::{TEXT, config, make_board, slug};
    use crate::exit::{Kind, kind};
    use std::fs;

    #[test]
    fn boards_are_known_by_their_database_or_by_the_file() {
        let (root, config) = config(TEXT);
        assert_eq!(config.board(&slug("far")).dir, root.path().join("far"));
        assert_eq!(
            config.board(&slug("near")).dir,
            config.home.dir.join("boards/near")
        );
        assert_eq!(config.choose_board(None).unwrap().slug, slug("far"));
        make_board(&config, "near");
        make_board(&config, "far");
        assert_eq!(config.known_boards(), [slug("far"), slug("near")]);
        let error = config.choose_board(None).unwrap_err();
        assert_eq!(kind(&error), Kind::Usage);
        assert_eq!(
            error.to_string(),
            "there are 2 boards (far, near); name one with --board"
        );
        assert_eq!(
            config.choose_board(Some(&slug("new"))).unwrap().slug,
            slug("new")
        );
    }

    #[test]
    fn a_home_without_boards_begins_with_the_first_and_one_that_cannot_be_listed_with_none() {
        let (_root, config) = config("");
        assert_eq!(config.choose_board(None).unwrap().slug, slug("default"));
        fs::create_dir_all(&config.home.dir).unwrap();
        fs::write(config.home.boards_dir(), "").unwrap();
        assert!(config.choose_board(None).is_err());
        assert_eq!(config.known_boards(), []);
    }
}

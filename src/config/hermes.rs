//! An installation of Hermes Agent whose boards are boards here: where its files are, which profiles it
//! has, and what would keep this program from serving it. Nothing of it is ever changed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::board::id::Slug;

use super::paths::{Board, Environment, variable};

/// The board that lives beside the others, at the root.
const DEFAULT: &str = "default";

/// Profiles that Hermes itself refuses to resolve.
const REFUSED: [&str; 5] = ["hermes", "test", "tmp", "root", "sudo"];

/// The folder of an installation (`~/.hermes`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hermes {
    /// Absolute.
    pub root: PathBuf,
}

impl Hermes {
    /// A board of it by name, whether it exists or not.
    pub fn board(&self, slug: &Slug) -> Board {
        if slug.as_str() == DEFAULT {
            let db = self.root.join("kanban.db");
            return Board::of_hermes(
                slug.clone(),
                self.root.join("kanban"),
                db,
                self.root.clone(),
            );
        }
        let dir = self.root.join("kanban/boards").join(slug.as_str());
        let db = dir.join("kanban.db");
        Board::of_hermes(slug.clone(), dir, db, self.root.clone())
    }

    /// The boards that have a database; the default one first.
    pub fn boards(&self) -> Vec<Slug> {
        let mut found = Vec::new();
        let mut add = |name: &str| {
            if let Ok(slug) = name.parse::<Slug>()
                && self.board(&slug).db.is_file()
                && !found.contains(&slug)
            {
                found.push(slug);
            }
        };
        add(DEFAULT);
        for name in folders(&self.root.join("kanban/boards")) {
            add(&name);
        }
        found
    }

    /// The profiles that a card can be assigned to, each with its folder.
    pub fn profiles(&self) -> BTreeMap<String, PathBuf> {
        let mut all = BTreeMap::from([(DEFAULT.to_owned(), self.root.clone())]);
        for name in folders(&self.root.join("profiles")) {
            if name.parse::<Slug>().is_ok() && !REFUSED.contains(&name.as_str()) {
                let dir = self.root.join("profiles").join(&name);
                all.insert(name, dir);
            }
        }
        all
    }

    /// Held by a gateway that dispatches, for as long as it lives.
    pub fn gateway_lock(&self) -> PathBuf {
        self.root.join("kanban/.dispatcher.lock")
    }

    /// While it is there, nothing is to be started.
    pub fn emergency_stop(&self) -> PathBuf {
        self.root.join("ESTOP")
    }
}

/// The names of the folders in a folder, in order; none if it cannot be listed.
fn folders(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// The program: `HERMES_BIN` (a path, or a name on the search path), else `hermes`.
pub fn program(env: Environment) -> String {
    variable(env, "HERMES_BIN")
        .and_then(|name: OsString| name.into_string().ok())
        .unwrap_or_else(|| "hermes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn boards_and_profiles_are_where_hermes_has_them() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().to_owned();
        let hermes = Hermes { root: root.clone() };
        assert_eq!(hermes.boards(), []);
        for dir in [
            "kanban/boards/web",
            "kanban/boards/_archived",
            "kanban/boards/empty",
            "profiles/coder",
            "profiles/root",
        ] {
            fs::create_dir_all(root.join(dir)).unwrap();
        }
        for file in [
            "kanban.db",
            "kanban/boards/web/kanban.db",
            "kanban/boards/_archived/kanban.db",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        let names: Vec<String> = hermes.boards().iter().map(Slug::to_string).collect();
        assert_eq!(names, ["default", "web"]);
        let default = hermes.board(&"default".parse().unwrap());
        assert_eq!(default.db(), root.join("kanban.db"));
        assert_eq!(default.logs(), root.join("kanban/logs"));
        let web = hermes.board(&"web".parse().unwrap());
        assert_eq!(web.workspaces(), root.join("kanban/boards/web/workspaces"));
        let profiles: Vec<String> = hermes.profiles().into_keys().collect();
        assert_eq!(profiles, ["coder", "default"]);
    }
}

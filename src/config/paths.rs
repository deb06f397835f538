//! Where things are: the home, the boards in it, and the files of one board.
//!
//! Paths are worked out here and nothing is made. Whether a board exists is asked of the file system
//! by name only: a database is opened by SQLite alone.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::board::id::{Slug, TaskId};
use crate::exit::Failure;

/// The environment, as a question that tests can answer themselves.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The database of a board, inside its folder.
const DATABASE: &str = "kanban.db";

/// The folder that holds everything of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Absolute.
    pub dir: PathBuf,
}

impl Home {
    /// `KANBAN_HOME`, else `$XDG_DATA_HOME/kanban`, else `~/.local/share/kanban`.
    pub fn find(env: Environment) -> Result<Self> {
        if let Some(named) = variable(env, "KANBAN_HOME") {
            // crontab and systemd hand a `~` on as it is.
            let path = expand(Path::new(&named), env)?;
            let dir = std::path::absolute(&path)
                .with_context(|| format!("cannot make KANBAN_HOME {path:?} absolute"))?;
            return Ok(Self { dir });
        }
        let data = match absolute_variable(env, "XDG_DATA_HOME") {
            Some(data) => data,
            None => user_home(env)
                .ok_or_else(|| {
                    Failure::usage(
                        "there is no home: neither KANBAN_HOME nor HOME is set to a folder",
                    )
                    .hint("set KANBAN_HOME to the folder that holds the boards")
                })?
                .join(".local/share"),
        };
        Ok(Self {
            dir: data.join("kanban"),
        })
    }

    /// One folder per board.
    pub fn boards_dir(&self) -> PathBuf {
        self.dir.join("boards")
    }

    /// Boards that were put away, each in a folder of its name and the time.
    pub fn archived_dir(&self) -> PathBuf {
        self.dir.join("archived")
    }

    /// The locks that count the workers of this machine.
    pub fn slots_dir(&self) -> PathBuf {
        self.dir.join("slots")
    }

    /// The boards that exist in this home, in no particular order.
    pub(super) fn boards_found(&self) -> Result<Vec<Slug>> {
        let dir = self.boards_dir();
        let entries = match std::fs::read_dir(&dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => {
                other.with_context(|| format!("cannot list the boards in {}", dir.display()))?
            }
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry =
                entry.with_context(|| format!("cannot list the boards in {}", dir.display()))?;
            let slug = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(slug) = slug
                && entry.path().join(DATABASE).is_file()
            {
                found.push(slug);
            }
        }
        Ok(found)
    }
}

/// A board by name, and the folder of its files. Neither needs to exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Its name.
    pub slug: Slug,
    /// The folder of its logs, runs and workspaces; absolute.
    pub dir: PathBuf,
    /// Its database; absolute.
    pub db: PathBuf,
    /// The installation of Hermes that it belongs to.
    pub hermes: Option<PathBuf>,
    /// The database without links, once it was looked for and is there.
    real: OnceLock<PathBuf>,
}

impl Board {
    /// A board of ours, all of it in one folder.
    pub fn native(slug: Slug, dir: PathBuf) -> Self {
        Self {
            slug,
            db: dir.join(DATABASE),
            dir,
            hermes: None,
            real: OnceLock::new(),
        }
    }

    /// A board of an installation of Hermes, with its database in a place of its own.
    pub fn of_hermes(slug: Slug, dir: PathBuf, db: PathBuf, root: PathBuf) -> Self {
        Self {
            slug,
            dir,
            db,
            hermes: Some(root),
            real: OnceLock::new(),
        }
    }

    /// The database.
    pub fn db(&self) -> PathBuf {
        self.db.clone()
    }

    /// The database as it is really called, asked of the file system once. An error: it cannot be reached.
    pub fn real_db(&self) -> io::Result<&Path> {
        if let Some(real) = self.real.get() {
            return Ok(real);
        }
        let real = self.db.canonicalize()?;
        Ok(self.real.get_or_init(|| real))
    }

    /// One log per card.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// The log of a card.
    pub fn log(&self, task: &TaskId) -> PathBuf {
        self.logs().join(format!("{task}.log"))
    }

    /// One folder per run, while it is not absorbed.
    pub fn runs(&self) -> PathBuf {
        self.dir.join("runs")
    }

    /// Scratch workspaces, one per card.
    pub fn workspaces(&self) -> PathBuf {
        self.dir.join("workspaces")
    }

    /// Which card a git worktree was made for, and the locks of those that are worked in.
    pub fn worktrees(&self) -> PathBuf {
        self.dir.join("worktrees")
    }

    /// What finished cards left to be kept.
    pub fn artifacts(&self) -> PathBuf {
        self.dir.join("artifacts")
    }

    /// Files that are attached to cards, a folder for each card; Hermes has them in the same place.
    pub fn attachments(&self) -> PathBuf {
        self.dir.join("attachments")
    }

    /// Held by the one dispatcher of this board, ours or Hermes'.
    pub fn dispatch_lock(&self) -> PathBuf {
        self.beside_database(".dispatch.lock")
    }

    /// Held by the one follow-up tick that waits for the dispatch lock.
    pub fn next_lock(&self) -> PathBuf {
        self.beside_database(".next.lock")
    }

    /// Held by the one tick that sends deliveries of this board.
    pub fn deliver_lock(&self) -> PathBuf {
        self.beside_database(".deliver.lock")
    }

    /// Held by whoever makes the page that ticks keep up to date.
    pub fn page_lock(&self) -> PathBuf {
        self.beside_database(".page.lock")
    }

    /// A file beside the database as it is really called: however the path is spelled, one database
    /// has one lock.
    fn beside_database(&self, ending: &str) -> PathBuf {
        let name = self
            .real_db()
            .map_or_else(|_| in_real_folder(&self.db), Path::to_owned);
        let mut name = name.into_os_string();
        name.push(ending);
        name.into()
    }
}

/// The path of a file that does not exist yet, its folder without links.
fn in_real_folder(path: &Path) -> PathBuf {
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => path.to_owned(),
    }
}

/// A leading `~` replaced by the user's own home. `~user` is no path that we know.
pub fn expand(path: &Path, env: Environment) -> Result<PathBuf, Failure> {
    match path.strip_prefix("~") {
        Err(_) => Ok(path.to_owned()),
        Ok(rest) => user_home(env).map(|home| home.join(rest)).ok_or_else(|| {
            Failure::usage(format!(
                "{path:?} begins with ~, but HOME is not set to a folder"
            ))
            .hint("write the path in full")
        }),
    }
}

/// Where the configuration file of a user is: `$XDG_CONFIG_HOME/kanban`, else `~/.config/kanban`.
pub fn user_config_dir(env: Environment) -> Option<PathBuf> {
    user_configs(env).map(|dir| dir.join("kanban"))
}

/// Where the configuration of every program of a user is.
pub fn user_configs(env: Environment) -> Option<PathBuf> {
    absolute_variable(env, "XDG_CONFIG_HOME").or_else(|| Some(user_home(env)?.join(".config")))
}

/// A variable that is set to something; an empty one counts as unset.
pub fn variable(env: Environment, name: &str) -> Option<OsString> {
    env(name).filter(|value| !value.is_empty())
}

/// The user's own home.
pub fn user_home(env: Environment) -> Option<PathBuf> {
    absolute_variable(env, "HOME")
}

/// The XDG rules say that a relative path in one of its variables is to be ignored.
fn absolute_variable(env: Environment, name: &str) -> Option<PathBuf> {
    variable(env, name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Kind, kind};
    use std::fs;

    fn home(vars: &[(&str, &str)]) -> Result<PathBuf> {
        let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        Home::find(&env).map(|home| home.dir)
    }

    #[test]
    fn the_home_is_named_or_where_the_desktop_rules_say() {
        let all = [
            ("KANBAN_HOME", "/k"),
            ("XDG_DATA_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(home(&all).unwrap(), Path::new("/k"));
        assert_eq!(home(&all[1..]).unwrap(), Path::new("/x/kanban"));
        assert_eq!(
            home(&all[2..]).unwrap(),
            Path::new("/h/.local/share/kanban")
        );
        let here = std::env::current_dir().unwrap();
        assert_eq!(home(&[("KANBAN_HOME", "./k")]).unwrap(), here.join("k"));
        assert_eq!(
            home(&[("KANBAN_HOME", "~/k"), ("HOME", "/h")]).unwrap(),
            Path::new("/h/k")
        );
    }

    #[test]
    fn empty_and_relative_variables_count_as_unset() {
        let odd = [
            ("KANBAN_HOME", ""),
            ("XDG_DATA_HOME", "data"),
            ("HOME", "/h"),
        ];
        assert_eq!(home(&odd).unwrap(), Path::new("/h/.local/share/kanban"));
        for none in [
            &[][..],
            &[("HOME", "")],
            &[("HOME", "h")],
            &[("KANBAN_HOME", "~")],
        ] {
            let error = home(none).unwrap_err();
            assert_eq!(kind(&error), Kind::Usage, "{none:?}");
        }
        assert!(
            home(&[])
                .unwrap_err()
                .to_string()
                .contains("set KANBAN_HOME")
        );
    }

    #[test]
    fn only_a_tilde_of_its_own_is_the_users_home() {
        let env = |name: &str| (name == "HOME").then(|| OsString::from("/h"));
        for (path, expanded) in [
            ("~", "/h"),
            ("~/b", "/h/b"),
            ("~u/b", "~u/b"),
            ("/a/~", "/a/~"),
            ("a~", "a~"),
        ] {
            assert_eq!(
                expand(Path::new(path), &env).unwrap(),
                Path::new(expanded),
                "{path}"
            );
        }
        assert!(expand(Path::new("~/b"), &|_| None).is_err());
    }

    #[test]
    fn one_database_has_one_lock_however_it_is_spelled() {
        let temp = tempfile::tempdir().unwrap();
        let real = temp.path().canonicalize().unwrap();
        let slug: Slug = "b".parse().unwrap();
        fs::create_dir(real.join("b")).unwrap();
        std::os::unix::fs::symlink(real.join("b"), real.join("alias")).unwrap();
        let direct = Board::native(slug.clone(), real.join("b"));
        let alias = Board::native(slug.clone(), real.join("alias"));
        let lock = real.join("b/kanban.db.dispatch.lock");
        assert_eq!(
            (direct.dispatch_lock(), alias.dispatch_lock()),
            (lock.clone(), lock.clone())
        );
        fs::write(real.join("b/kanban.db"), "").unwrap();
        assert_eq!(
            (direct.dispatch_lock(), alias.dispatch_lock()),
            (lock.clone(), lock)
        );
        assert_eq!(alias.next_lock(), real.join("b/kanban.db.next.lock"));

        // The database itself may be the link.
        fs::create_dir(real.join("c")).unwrap();
        std::os::unix::fs::symlink(real.join("b/kanban.db"), real.join("c/kanban.db")).unwrap();
        let linked = Board::native(slug.clone(), real.join("c"));
        assert_eq!(linked.dispatch_lock(), direct.dispatch_lock());
        let nowhere = Board::native(slug, "/no/such".into());
        assert_eq!(
            nowhere.dispatch_lock(),
            Path::new("/no/such/kanban.db.dispatch.lock")
        );
    }

    #[test]
    fn only_folders_with_a_board_name_and_a_database_are_boards() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home {
            dir: temp.path().to_owned(),
        };
        assert_eq!(home.boards_found().unwrap(), []);
        for dir in ["good", "empty", "Bad Name", "folder/kanban.db"] {
            fs::create_dir_all(home.boards_dir().join(dir)).unwrap();
        }
        for file in ["good/kanban.db", "Bad Name/kanban.db", "stray"] {
            fs::write(home.boards_dir().join(file), "").unwrap();
        }
        assert_eq!(home.boards_found().unwrap(), ["good".parse().unwrap()]);
        fs::remove_dir_all(home.boards_dir()).unwrap();
        fs::write(home.boards_dir(), "").unwrap();
        assert!(home.boards_found().is_err());
    }
}

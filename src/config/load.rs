//! Finding the configuration file, and the way from there to a checked configuration.
//!
//! How the file is read and what its keys come to is worked out elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::exit::Failure;

use super::effective::Config;
use super::paths::{self, Environment, Home};
use super::types::File;
use super::{cautions, read, validate};

/// The name of the file in a folder of ours.
const NAME: &str = "config.toml";
/// Where the configuration comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file that is read, or that would be if it existed; absolute.
    pub path: PathBuf,
    /// Whether it exists.
    pub found: bool,
    /// The home beside which it was looked for.
    pub home: Home,
}

/// Finds the file without reading it: `explicit` (`--config`), else `KANBAN_CONFIG`, else `config.toml`
/// in the home, else in the user's configuration folder. A file that was named must exist.
pub fn locate(explicit: Option<&Path>) -> Result<Source> {
    locate_from(explicit, &|name| std::env::var_os(name))
}

/// The configuration of this command: found as by [`locate`], read, checked, its defaults filled in.
/// Without any file it is the defaults.
pub fn load(explicit: Option<&Path>) -> Result<Config> {
    load_from(explicit, &|name| std::env::var_os(name))
}

/// [`load`] with the environment that `env` answers for.
pub fn load_from(explicit: Option<&Path>, env: Environment) -> Result<Config> {
    let source = locate_from(explicit, env)?;
    let (file, mut cautions) = match source.found {
        true => read::file(&source.path)?,
        false => (File::default(), Vec::new()),
    };
    let problems = validate::problems(&file, env);
    if !problems.is_empty() {
        let message = format!("{}: {}", source.path.display(), problems.join("; "));
        return Err(Failure::usage(message).into());
    }
    cautions.extend(cautions::of(&file, env));
    Ok(Config::new(file, source, cautions, env))
}

fn locate_from(explicit: Option<&Path>, env: Environment) -> Result<Source> {
    let home = Home::find(env)?;
    let named = explicit
        .map(|path| ("--config", path.to_owned()))
        .or_else(|| {
            paths::variable(env, "KANBAN_CONFIG").map(|path| ("KANBAN_CONFIG", path.into()))
        });
    if let Some((by, path)) = named {
        let unusable =
            |e: io::Error| Failure::usage(format!("{by} {path:?} is no path of a file: {e}"));
        // Absolute, because supervisors are handed the path and run in other folders.
        let path = std::path::absolute(paths::expand(&path, env)?).map_err(unusable)?;
        if !exists(&path)? {
            let message = format!("the configuration file {} does not exist", path.display());
            return Err(Failure::usage(message)
                .hint(format!("correct {by}, or make the file"))
                .into());
        }
        return Ok(Source {
            path,
            found: true,
            home,
        });
    }
    let ours = home.dir.join(NAME);
    if exists(&ours)? {
        return Ok(Source {
            path: ours,
            found: true,
            home,
        });
    }
    let Some(users) = paths::user_config_dir(env).map(|dir| dir.join(NAME)) else {
        return Ok(Source {
            path: ours,
            found: false,
            home,
        });
    };
    let found = exists(&users)?;
    // Where a first file belongs: a home that was named is kept in one piece.
    let apart = found || paths::variable(env, "KANBAN_HOME").is_none();
    Ok(Source {
        path: if apart { users } else { ours },
        found,
        home,
    })
}

/// Whether there is anything of that name. "Cannot tell" is not "no": the caps in a file that was
/// passed over would silently not hold. Nor is a link to nothing.
fn exists(path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(false)
        }
        Err(e) => Err(read::unreadable(path, &e)
            .hint("correct HOME, or name a file with --config or KANBAN_CONFIG")
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Kind, kind};
    use std::ffi::OsString;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use tempfile::TempDir;

    /// A user with the home `/h` of a temporary folder, and more variables if wanted.
    struct User {
        root: TempDir,
        vars: Vec<(&'static str, OsString)>,
    }

    impl User {
        fn new(vars: &[(&'static str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let mut all = vec![("HOME", root.path().join("h").into_os_string())];
            all.extend(
                vars.iter()
                    .map(|(n, v)| (*n, root.path().join(v).into_os_string())),
            );
            Self { root, vars: all }
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            path
        }

        fn load(&self, explicit: Option<&str>) -> Result<Config> {
            let explicit = explicit.map(|path| self.root.path().join(path));
            load_from(explicit.as_deref(), &|name| {
                self.vars
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| v.clone())
            })
        }

        fn complaint(&self, explicit: Option<&str>) -> String {
            let error = self.load(explicit).unwrap_err();
            assert_eq!(kind(&error), Kind::Usage, "{error}");
            let text = error.to_string();
            assert_eq!(text.lines().count(), 1, "{text}");
            text
        }
    }

    fn cap(n: u32) -> String {
        format!("[host]\nmax_in_progress = {n}\n")
    }

    #[test]
    fn the_file_named_most_closely_is_read() {
        let user = User::new(&[("KANBAN_CONFIG", "env.toml"), ("KANBAN_HOME", "k")]);
        user.write("flag.toml", cap(1));
        user.write("env.toml", cap(2));
        assert_eq!(user.load(Some("flag.toml")).unwrap().host_max(), 1);
        assert_eq!(user.load(None).unwrap().host_max(), 2);

        let user = User::new(&[("KANBAN_HOME", "k"), ("XDG_CONFIG_HOME", "x")]);
        let users = user.write("x/kanban/config.toml", cap(4));
        assert_eq!(user.load(None).unwrap().path, Some(users));
        let ours = user.write("k/config.toml", cap(3));
        let config = user.load(None).unwrap();
        assert_eq!(
            (config.host_max(), config.path, config.found),
            (3, Some(ours), true)
        );

        let user = User::new(&[]);
        user.write("h/.config/kanban/config.toml", cap(5));
        assert_eq!(user.load(None).unwrap().host_max(), 5);
    }

    #[test]
    fn without_a_file_the_defaults_hold_and_its_place_is_known() {
        let user = User::new(&[]);
        let config = user.load(None).unwrap();
        assert_eq!((&config.file, config.found), (&File::default(), false));
        assert_eq!(
            config.path,
            Some(user.root.path().join("h/.config/kanban/config.toml"))
        );
        let user = User::new(&[("KANBAN_HOME", "k")]);
        assert_eq!(
            user.load(None).unwrap().path,
            Some(user.root.path().join("k/config.toml"))
        );
    }

    #[test]
    fn a_named_file_must_exist() {
        let user = User::new(&[("KANBAN_CONFIG", "none.toml")]);
        assert!(
            user.complaint(None)
                .contains("none.toml does not exist; correct KANBAN_CONFIG")
        );
        assert!(
            user.complaint(Some("no.toml"))
                .contains("no.toml does not exist; correct --config")
        );
        user.write("file", "");
        assert!(
            user.complaint(Some("file/below"))
                .contains("does not exist")
        );
        assert!(user.complaint(Some("a\0b")).contains("cannot read"));
    }

    #[test]
    fn links_are_followed_and_a_byte_order_mark_is_no_mistake() {
        let user = User::new(&[]);
        let real = user.write("real", format!("\u{feff}{}", cap(9)));
        symlink(real, user.root.path().join("link")).unwrap();
        assert_eq!(user.load(Some("link")).unwrap().host_max(), 9);
    }

    #[test]
    fn what_is_there_but_no_file_is_not_passed_over() {
        let user = User::new(&[]);
        let users = user.root.path().join("h/.config/kanban");
        fs::create_dir_all(&users).unwrap();
        symlink("nowhere", users.join("config.toml")).unwrap();
        assert!(user.complaint(None).contains("cannot read"));
        fs::remove_file(users.join("config.toml")).unwrap();
        fs::create_dir(users.join("config.toml")).unwrap();
        assert!(user.complaint(None).contains("is not a regular file"));
    }

    #[test]
    fn all_problems_of_a_file_are_told_at_once() {
        let user = User::new(&[]);
        user.write("c.toml", "[workers.x]\n[boards.B]");
        let text = user.complaint(Some("c.toml"));
        assert!(
            text.contains("c.toml: boards: \"B\"") && text.contains("; workers.x.command: "),
            "{text}"
        );
    }
}

//! Reading the configuration file, and the refusal of one that others could change.
//!
//! The file names commands that run as us, so whoever can write it can run anything as us.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Result;
use rustix::fs::OFlags;

use crate::exit::Failure;

use super::channel::holds_secrets;
use super::types::File;

/// Far above any configuration, far below what would hurt to read once a minute.
const SIZE_MAX: u64 = 1_048_576;

/// The file is there and cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "cannot read the configuration file {}: {error}",
        path.display()
    ))
}

/// The keys of the file, and what is doubtful about the file itself.
pub fn file(path: &Path) -> Result<(File, Vec<String>)> {
    let Read {
        text,
        mode,
        mut cautions,
    } = read(path)?;
    let file = parse(&text, path)?;
    cautions.extend(secrecy(path, mode, &file));
    Ok((file, cautions))
}

/// What was read.
struct Read {
    text: String,
    /// The permissions of the file.
    mode: u32,
    /// What is doubtful about the file, whatever is in it.
    cautions: Vec<String>,
}

fn read(path: &Path) -> Result<Read> {
    let unreadable = |e: io::Error| unreadable(path, &e);
    // Links are followed, as people keep such files in repositories; a pipe must not block us.
    let mut file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(path)
        .map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(
            Failure::usage(format!("{} is not a regular file", path.display()))
                .hint("a configuration is read again by every tick and supervisor")
                .into(),
        );
    }
    let us = rustix::process::geteuid().as_raw();
    let cautions = trust(path, meta.mode(), meta.uid(), us)?;
    // Room for all of it, so that it is read at once.
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(SIZE_MAX) + 1).unwrap_or(0));
    file.by_ref()
        .take(SIZE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(Failure::usage(format!(
            "{} is larger than {SIZE_MAX} bytes",
            path.display()
        ))
        .into());
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = e.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&e.as_bytes()[..good]);
        Failure::usage(format!("{}: this is not UTF-8", place(path, &before)))
    })?;
    Ok(Read {
        text,
        mode: meta.mode(),
        cautions,
    })
}

/// Refuses a file that others can change, by its mode and owner. Root may use anybody's, as it must in
/// a container whose folders are its user's.
fn trust(path: &Path, mode: u32, owner: u32, us: u32) -> Result<Vec<String>> {
    let path = path.display();
    if ![us, 0].contains(&owner) && us != 0 {
        let message = format!(
            "the configuration file {path} belongs to user {owner}, and its commands would run as us"
        );
        return Err(Failure::usage(message)
            .hint(format!("chown {us} {path}, or use a copy of it"))
            .into());
    }
    if mode & 0o002 != 0 {
        let message = format!(
            "anybody can write to the configuration file {path}, and its commands run as us"
        );
        return Err(Failure::usage(message)
            .hint(format!("chmod o-w {path}"))
            .into());
    }
    // On many systems a user's group has no other member.
    let shared = (mode & 0o020 != 0).then(|| {
        format!("the group of {path} can write to it, and its commands run as us; chmod g-w {path}")
    });
    Ok(shared.into_iter().collect())
}

/// A caution about secrets in a file that others can read. It is no error: what is in it may be meant for
/// them, and a tick that does not run for it would tell nobody anything.
fn secrecy(path: &Path, mode: u32, file: &File) -> Option<String> {
    let secret = file.channels.values().any(holds_secrets);
    (secret && mode & 0o044 != 0).then(|| {
        let path = path.display();
        format!("{path} holds secrets of channels and others can read it; chmod 600 {path}")
    })
}

fn parse(text: &str, path: &Path) -> Result<File> {
    toml::from_str(text).map_err(|e| {
        let place = match e.span() {
            Some(span) => place(path, text.get(..span.start).unwrap_or(text)),
            None => path.display().to_string(),
        };
        let why: Vec<&str> = e.message().lines().map(str::trim).collect();
        Failure::usage(format!("{place}: {}", why.join(", "))).into()
    })
}

/// `path:line:column`, as editors take it, of what comes after `before`.
fn place(path: &Path, before: &str) -> String {
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{}:{line}:{column}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Kind, kind};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn complaint(path: impl AsRef<Path>) -> String {
        let error = file(path.as_ref()).unwrap_err();
        assert_eq!(kind(&error), Kind::Usage, "{error}");
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    }

    #[test]
    fn only_a_regular_file_of_sane_size_is_read() {
        let temp = tempfile::tempdir().unwrap();
        assert!(complaint(temp.path()).contains("is not a regular file"));
        assert!(complaint("/dev/zero").contains("is not a regular file"));
        symlink("nowhere", temp.path().join("link")).unwrap();
        assert!(complaint(temp.path().join("link")).contains("cannot read"));
        let large = temp.path().join("large");
        fs::write(&large, vec![b'#'; SIZE_MAX as usize + 1]).unwrap();
        assert!(complaint(large).contains("larger than"));
    }

    #[test]
    fn mistakes_are_shown_where_they_stand() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("c.toml");
        let deep = "a = ".to_owned() + &"[".repeat(100_000);
        for (content, why) in [
            (
                &b"[host]\nmax = 1"[..],
                "2:1: unknown field `max`, expected `max_in_progress`",
            ),
            (
                b"[defaults]\n\n  grace = 'soon'",
                "3:11: \"soon\" is not a duration",
            ),
            (b"[host]\nmax_in_progress = -1", "2:19: "),
            (b"a = 1 \xff", "1:7: this is not UTF-8"),
            ("# ü\n'ü' = 1 1".as_bytes(), "2:7: "),
            (
                b"[workers.x]\ncommand = 'make'",
                "2:11: invalid type: string \"make\"",
            ),
            (b"[host]\n[host]", "2:2: "),
            (b"\0", "1:"),
            (deep.as_bytes(), "1:"),
        ] {
            fs::write(&path, content).unwrap();
            let text = complaint(&path);
            assert!(
                text.starts_with(&format!("{}:{why}", path.display())),
                "{text}"
            );
        }
    }

    #[test]
    fn secrets_that_others_can_read_are_cautioned_against() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("c.toml");
        let cautions = |mode, channel: &str| {
            fs::write(&path, format!("[channels.x]\n{channel}")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            file(&path).unwrap().1.join("; ")
        };
        for secret in [
            "kind = 'slack'\nurl = 'https://example.org/s3cret'",
            "kind = 'telegram'\ntoken = 's3cret'",
            "kind = 'wecom'\nurl_file = '/u'\nsecret = 's3cret'",
        ] {
            for mode in [0o644, 0o640, 0o604] {
                let said = cautions(mode, secret);
                assert!(
                    said.contains("holds secrets") && said.contains("chmod 600"),
                    "{said}"
                );
                assert!(!said.contains("s3cret"), "{said}");
            }
            assert_eq!(cautions(0o600, secret), "", "{secret}");
        }
        for none in [
            "kind = 'slack'\nurl_file = '/u'\nsecret_env = 'S'",
            "kind = 'matrix'\nurl = 'https://matrix.example.org'\ntoken_file = '/t'",
            "kind = 'ntfy'\nurl = 'https://ntfy.example.org'\nto = 'x'",
            "kind = 'feishu'\nurl = 'https://open.feishu.cn'\napp_id = 'a'\nsecret_file = '/s'",
        ] {
            assert_eq!(cautions(0o644, none), "", "{none}");
        }
    }

    #[test]
    fn a_file_that_others_can_change_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("c.toml");
        fs::write(&path, "").unwrap();
        let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        mode(0o646);
        assert!(complaint(&path).contains("chmod o-w"));
        mode(0o664);
        assert!(file(&path).unwrap().1[0].contains("chmod g-w"));
        mode(0o644);
        assert_eq!(file(&path).unwrap().1, [""; 0]);

        let trust = |owner, us| trust(Path::new("/c"), 0o644, owner, us);
        assert!(
            trust(7, 8)
                .unwrap_err()
                .to_string()
                .contains("belongs to user 7")
        );
        for (owner, us) in [(8, 8), (0, 8), (8, 0)] {
            assert_eq!(trust(owner, us).unwrap(), [""; 0], "{owner} {us}");
        }
    }
}

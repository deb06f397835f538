//! Whether the program of a worker can be found where the worker would look for it.
//!
//! Only an answer for the reader of `kanban config check`: the search is done again at each start, by
//! then perhaps with another result, and a start that fails is told on its card.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::template;

/// Why the program of a command would not start, if that can be said beforehand.
pub fn doubt(command: &[String], search_path: &OsStr) -> Option<String> {
    let program = command
        .first()
        .filter(|program| template::placeholders(program).next().is_none())?;
    if !program.contains('/') {
        return not_on_path(program, search_path, command.len());
    }
    let path = Path::new(program);
    // A relative path begins at the workspace, which differs from card to card.
    if !path.is_absolute() || is_program(path) {
        return None;
    }
    Some(match path.metadata() {
        Ok(meta) if meta.is_file() => format!("{program} is not executable; chmod +x {program}"),
        Ok(_) => format!("{program} is not a file"),
        Err(e) => format!("{program} cannot be started: {e}"),
    })
}

fn not_on_path(program: &str, search_path: &OsStr, arguments: usize) -> Option<String> {
    let folders = std::env::split_paths(search_path).filter(|folder| folder.is_absolute());
    let places: Vec<PathBuf> = folders.map(|folder| folder.join(program)).collect();
    if places.iter().any(|place| is_program(place)) {
        return None;
    }
    if let Some(place) = places.iter().find(|place| place.is_file()) {
        return Some(format!(
            "{} is not executable; chmod +x {}",
            place.display(),
            place.display()
        ));
    }
    if arguments == 1 && program.contains(char::is_whitespace) {
        return Some(format!(
            "no program is called {program:?}; write each argument as a string of its own"
        ));
    }
    Some(format!(
        "{program:?} is not on the worker's PATH, {}",
        search_path.display()
    ))
}

/// Whether anybody may execute the file; whether we may is known for certain only by trying.
fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};

    #[test]
    fn a_program_is_looked_for_on_the_path_of_the_worker() {
        let temp = tempfile::tempdir().unwrap();
        for (name, mode) in [("yes", 0o755), ("no", 0o644)] {
            fs::write(temp.path().join(name), "").unwrap();
            fs::set_permissions(temp.path().join(name), Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(temp.path().join("dir")).unwrap();
        let of = |program: &str| {
            doubt(&[program.to_owned()], temp.path().as_os_str()).unwrap_or_default()
        };
        let full = |name: &str| temp.path().join(name).display().to_string();
        assert_eq!(of("yes"), "");
        assert_eq!(of(&full("yes")), "");
        assert!(of("no").contains("chmod +x"));
        assert!(of(&full("no")).contains("chmod +x"));
        assert!(of(&full("dir")).contains("is not a file"));
        assert!(of(&full("none")).contains("cannot be started"));
        assert!(of("dir").contains("is not on the worker's PATH"));
        assert!(of("make test").contains("a string of its own"));
        assert!(of("a\0b").contains("is not on"));
        for untold in ["./run", "{workspace}/run", "bin/run"] {
            assert_eq!(of(untold), "", "{untold}");
        }
        assert_eq!(doubt(&[], OsStr::new("")), None);
        assert!(doubt(&["yes".into()], OsStr::new("")).is_some());
    }
}

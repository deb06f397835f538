//! Where workers work. A scratch workspace is a folder made for its card; only what was made and marked
//! here is ever removed.
//!
//! The mark is kept beside the folders and not inside, so that a workspace starts out empty, and it
//! names the folder's inode, so that one put there by somebody else is not taken for ours.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::spec::Place;
use crate::fsx;

/// The folder for a card's run, made if it is a scratch one.
pub fn prepare(place: &Place, task: &str) -> Result<PathBuf> {
    match place {
        // Made, and kept from others, by whoever holds its lock.
        Place::Worktree(tree) => Ok(tree.path.clone()),
        Place::Nowhere(why) => anyhow::bail!("{why}"),
        Place::Dir(dir) => {
            if !dir.is_dir() {
                anyhow::bail!("the workspace {} is not a folder", dir.display());
            }
            Ok(dir.clone())
        }
        Place::Given(dir) => {
            std::fs::create_dir_all(dir)
                .with_context(|| format!("cannot make the workspace {}", dir.display()))?;
            Ok(dir.clone())
        }
        Place::Scratch(root) => {
            let dir = root.join(task);
            make(root, &dir, task)
                .with_context(|| format!("cannot make the workspace {}", dir.display()))?;
            Ok(dir)
        }
    }
}

fn make(root: &Path, dir: &Path, task: &str) -> Result<()> {
    match std::fs::symlink_metadata(dir) {
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(_) => anyhow::bail!("something else is in its place"),
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
        Err(_) => {}
    }
    fsx::private_dir(&marks(root))?;
    fsx::private_dir(dir)?;
    let identity = identity(dir)?;
    // Without its mark a folder is left alone, so a mark that a power cut undoes costs no more than a folder.
    fsx::replace_unsynced(&marks(root).join(task), identity.as_bytes())
}

fn marks(root: &Path) -> PathBuf {
    root.join(".made")
}

fn identity(dir: &Path) -> io::Result<String> {
    let meta = std::fs::symlink_metadata(dir)?;
    Ok(format!("{}:{}\n", meta.dev(), meta.ino()))
}

/// The cards that have a marked scratch workspace.
pub fn marked(root: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(marks(root)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok())
        .collect())
}

/// What a worker leaves in this folder of its scratch workspace outlives it.
const ARTIFACTS: &str = "artifacts";

/// Moves what a finished card left to be kept beside the others'. Nothing is ever overwritten.
pub fn keep_artifacts(root: &Path, kept: &Path, task: &str) -> Result<()> {
    let from = root.join(task).join(ARTIFACTS);
    if !std::fs::symlink_metadata(&from).is_ok_and(|meta| meta.is_dir()) {
        return Ok(());
    }
    fsx::private_dir(kept)?;
    let free = kept_artifacts(kept, task)
        .find(|to| to.symlink_metadata().is_err())
        .context("there is no room for its artifacts")?;
    std::fs::rename(&from, &free)
        .with_context(|| format!("cannot move its artifacts to {}", free.display()))
}

/// Where the artifacts of a card are kept, in the order in which the places are taken.
pub fn kept_artifacts(kept: &Path, task: &str) -> impl Iterator<Item = PathBuf> {
    let more = (2..1_000).map(move |n| kept.join(format!("{task}.{n}")));
    std::iter::once(kept.join(task)).chain(more)
}

/// Whether a card's scratch workspace is the folder that was made here.
pub fn is_ours(root: &Path, task: &str) -> bool {
    let (dir, mark) = (root.join(task), marks(root).join(task));
    match (std::fs::read_to_string(mark), identity(&dir)) {
        (Ok(marked), Ok(found)) => marked == found,
        _ => false,
    }
}

/// Removes a card's scratch workspace if we made it. `false`: it is not ours, or is gone; the mark goes.
pub fn remove(root: &Path, task: &str) -> io::Result<bool> {
    let (dir, mark) = (root.join(task), marks(root).join(task));
    let ours = is_ours(root, task);
    if ours {
        std::fs::remove_dir_all(&dir)?;
    }
    match std::fs::remove_file(&mark) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(ours),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_here_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let place = Place::Scratch(root.path().join("workspaces"));
        let Place::Scratch(below) = &place else {
            panic!()
        };
        let made = prepare(&place, "t_1").unwrap();
        assert_eq!(
            prepare(&place, "t_1").unwrap(),
            made,
            "a retry works where the first try did"
        );
        assert_eq!(std::fs::read_dir(&made).unwrap().count(), 0);
        assert_eq!(marked(below).unwrap(), ["t_1"]);
        std::fs::create_dir(below.join("t_2")).unwrap();
        assert!(!remove(below, "t_2").unwrap(), "not marked");
        assert!(remove(below, "t_1").unwrap());
        assert!(!made.exists() && below.join("t_2").exists());

        prepare(&place, "t_3").unwrap();
        std::fs::rename(below.join("t_3"), below.join("away")).unwrap();
        std::fs::create_dir(below.join("t_3")).unwrap();
        assert!(
            !remove(below, "t_3").unwrap(),
            "another folder of the same name"
        );
        assert!(below.join("t_3").exists());
    }

    #[test]
    fn a_folder_of_the_users_is_never_made() {
        let dir = tempfile::tempdir().unwrap();
        assert!(prepare(&Place::Dir(dir.path().to_owned()), "t_1").is_ok());
        assert!(prepare(&Place::Dir(dir.path().join("missing")), "t_1").is_err());
        assert!(!dir.path().join("missing").exists());
    }
}

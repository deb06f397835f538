//! Git worktrees as workspaces: one tree and one branch for a card, made at its start.
//!
//! A tree belongs to the card whose mark names it; no other card is let into it, and two runs never share
//! one. What is dirty, or holds commits that are nowhere else, is never touched and never removed.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::fsx;

/// Longer, no git command is waited for: it would ask somebody, or the disk is gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// Variables that speak of one repository (git rev-parse --local-env-vars).
const OF_ONE_REPOSITORY: [&str; 15] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_REPLACE_REF_BASE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_COMMON_DIR",
];

/// Where below a repository trees are made that were given no place.
const BELOW: &str = ".worktrees";

/// A tree for a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// Any folder of the repository.
    pub repo: PathBuf,
    /// The folder of the tree.
    pub path: PathBuf,
    /// The branch that is checked out in it.
    pub branch: String,
    /// The folder of the marks: which card a tree was made for.
    pub marks: PathBuf,
}

/// Works out which tree a card is for, by looking at files alone. `given` is the card's own path; without
/// one, or with that of a repository, the tree is made below the repository.
pub fn locate(
    task: &str,
    given: Option<&Path>,
    default: Option<&Path>,
    branch: Option<&str>,
    marks: PathBuf,
) -> Result<Tree, String> {
    let branch = branch.map_or_else(|| format!("wt/{task}"), str::to_owned);
    let below = |repo: &Path| repo.join(BELOW).join(task);
    let (repo, path, branch) = match (given, default) {
        (Some(path), _) if path.join(".git").is_dir() => (path.to_owned(), below(path), branch),
        (Some(path), _) if path.join(".git").is_file() => {
            // A linked tree is used as it is, with the branch that it has.
            let found = head_of(path).ok_or_else(|| {
                format!("the worktree {} has no branch checked out", path.display())
            })?;
            (path.to_owned(), path.to_owned(), found)
        }
        (Some(path), default) => {
            let repo = path
                .ancestors()
                .skip(1)
                .find(|dir| dir.join(".git").exists())
                .or(default)
                .ok_or_else(|| format!("{} is in no git repository", path.display()))?;
            (repo.to_owned(), path.to_owned(), branch)
        }
        (None, Some(repo)) => (repo.to_owned(), below(repo), branch),
        (None, None) => return Err("no repository is named for its worktree".into()),
    };
    Ok(Tree {
        repo,
        path,
        branch,
        marks,
    })
}

/// The branch of a linked tree, from the file that its `.git` points to.
fn head_of(tree: &Path) -> Option<String> {
    let link = std::fs::read_to_string(tree.join(".git")).ok()?;
    let dir = tree.join(link.strip_prefix("gitdir:")?.trim());
    let head = std::fs::read_to_string(dir.join("HEAD")).ok()?;
    Some(head.trim().strip_prefix("ref: refs/heads/")?.to_owned())
}

/// Makes the tree, or takes the one that a former run of the card left, as it is. What is returned is held
/// for as long as the tree is worked in. `None`: another card is being worked on in it.
pub fn prepare(tree: &Tree, task: &str) -> Result<Option<File>> {
    fsx::private_dir(&tree.marks)?;
    let lock = fsx::open_lock(&tree.marks.join(format!("{}.lock", name_of(&tree.path))))?;
    let shown = tree.path.display();
    if !fsx::lock_exclusive(&lock, fsx::Wait::No)? {
        return Ok(None);
    }
    if let Some(other) = owner(tree, task)? {
        bail!("the worktree {shown} belongs to {other}");
    }
    if !tree.path.join(".git").exists() {
        let _alone = alone(&tree.repo, fsx::Wait::Forever)?;
        make(tree, task)?;
    }
    verify(tree).with_context(|| format!("the worktree {shown} cannot be used"))?;
    Ok(Some(lock))
}

/// Keeps others of us from making or removing a tree of the same repository: git reads all trees when it
/// makes one, and fails on one that is half made. The lock is on git's own folder, so it holds for every
/// board. `None`: somebody holds it.
fn alone(repo: &Path, wait: fsx::Wait) -> Result<Option<File>> {
    let folder = repo.join(git(repo, &["rev-parse", "--git-common-dir"])?);
    let shown = folder.display();
    let lock = File::open(&folder).with_context(|| format!("cannot open {shown}"))?;
    let ours = fsx::lock_exclusive(&lock, wait).with_context(|| format!("cannot lock {shown}"))?;
    Ok(ours.then_some(lock))
}

/// The card, other than this one, that a tree was made for.
fn owner(tree: &Tree, task: &str) -> Result<Option<String>> {
    for other in marked(&tree.marks)? {
        if other != task && mark_of(&tree.marks, &other).is_some_and(|mark| mark.path == tree.path)
        {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

fn make(tree: &Tree, task: &str) -> Result<()> {
    let (path, branch) = (text(&tree.path)?, tree.branch.as_str());
    hide(&tree.path)?;
    let known = git(
        &tree.repo,
        &[
            "show-ref",
            "--verify",
            "--quiet",
            &format!("refs/heads/{branch}"),
        ],
    );
    let added = match known {
        Ok(_) => git(&tree.repo, &["worktree", "add", path, branch]),
        Err(_) => git(&tree.repo, &["worktree", "add", "-b", branch, path]),
    };
    added.with_context(|| format!("cannot make the worktree {path} for the branch {branch}"))?;
    let mark = Mark {
        path: tree.path.clone(),
        identity: identity(&tree.path)?,
        branch: branch.to_owned(),
    };
    fsx::replace(&tree.marks.join(task), &serde_json::to_vec(&mark)?)
}

/// Keeps a folder of ours below a repository out of what git reports there as untracked.
fn hide(tree: &Path) -> Result<()> {
    let Some(folder) = tree
        .parent()
        .filter(|dir| dir.ends_with(BELOW) && !dir.exists())
    else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(".gitignore"), "*\n")?;
    Ok(())
}

/// The tree is one of this repository, and has the branch that was asked for.
fn verify(tree: &Tree) -> Result<()> {
    let head = git(&tree.path, &["symbolic-ref", "--short", "HEAD"])?;
    if head != tree.branch {
        bail!("it has the branch {head} and not {}", tree.branch);
    }
    let common = |dir: &Path| -> Result<PathBuf> {
        let found = git(dir, &["rev-parse", "--git-common-dir"])?;
        Ok(dir.join(found).canonicalize()?)
    };
    if common(&tree.path)? != common(&tree.repo)? {
        bail!(
            "it belongs to another repository than {}",
            tree.repo.display()
        );
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct Mark {
    path: PathBuf,
    identity: String,
    branch: String,
}

fn mark_of(marks: &Path, task: &str) -> Option<Mark> {
    let bytes = std::fs::read(marks.join(task)).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn identity(dir: &Path) -> Result<String> {
    let meta = std::fs::symlink_metadata(dir)?;
    Ok(format!("{}:{}", meta.dev(), meta.ino()))
}

/// The cards that a tree was made for.
pub fn marked(marks: &Path) -> std::io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(marks) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".lock"))
        .collect())
}

/// What became of removing a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is gone; its branch is not.
    Gone,
    /// It is kept, for this reason.
    Kept(String),
}

/// The folder of the tree that was made for a card.
pub fn place(marks: &Path, task: &str) -> Option<PathBuf> {
    mark_of(marks, task).map(|mark| mark.path)
}

/// Why the tree that was made for a card cannot be removed, if something would be lost with it. Nothing is done.
pub fn doubt(marks: &Path, task: &str) -> Result<Option<String>> {
    let Some(mark) = mark_of(marks, task) else {
        return Ok(Some("its mark cannot be read".into()));
    };
    if !is_the_one(&mark) {
        return Ok(None);
    }
    if !git(&mark.path, &["status", "--porcelain"])?.is_empty() {
        return Ok(Some("it has files that are not committed".into()));
    }
    let exclude = format!("--exclude={}", mark.branch);
    let own = [
        "rev-list",
        "--count",
        &mark.branch,
        "--not",
        &exclude,
        "--branches",
        "--remotes",
    ];
    Ok(match git(&mark.path, &own)?.as_str() {
        "0" => None,
        _ => Some(format!("{} has commits that are nowhere else", mark.branch)),
    })
}

fn is_the_one(mark: &Mark) -> bool {
    identity(&mark.path).ok().as_deref() == Some(mark.identity.as_str())
}

/// Removes the tree that was made for a card, if nothing would be lost with it.
pub fn remove(marks: &Path, task: &str) -> Result<Removal> {
    if let Some(why) = doubt(marks, task)? {
        return Ok(Removal::Kept(why));
    }
    let forget = || std::fs::remove_file(marks.join(task));
    let Some(mark) = mark_of(marks, task).filter(is_the_one) else {
        // Somebody removed or replaced it; what is there now is not ours.
        forget()?;
        return Ok(Removal::Gone);
    };
    let repo = git(
        &mark.path,
        &["rev-parse", "--path-format=absolute", "--git-common-dir"],
    )?;
    let repo = Path::new(&repo);
    let Some(_alone) = alone(repo, fsx::Wait::No)? else {
        return Ok(Removal::Kept("another tree is being made".into()));
    };
    git(repo, &["worktree", "remove", text(&mark.path)?])?;
    forget()?;
    Ok(Removal::Gone)
}

/// Runs git in a folder and returns what it printed. Nothing that the caller's environment says about
/// another repository reaches it, and it asks nobody.
fn git(dir: &Path, args: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    for name in OF_ONE_REPOSITORY {
        command.env_remove(name);
    }
    let mut child = command
        .arg("-C")
        .arg(dir)
        .args(args)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start git")?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let read = |source: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut source) = source {
                let _ = source.read_to_string(&mut text);
            }
            text
        })
    };
    let out = read(out.map(|o| Box::new(o) as Box<dyn Read + Send>));
    let err = read(err.map(|e| Box::new(e) as Box<dyn Read + Send>));
    let until = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            bail!(
                "git {} took longer than {} s",
                args.join(" "),
                PATIENCE.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(3));
    };
    let out = out.join().unwrap_or_default();
    if status.success() {
        return Ok(out.trim().to_owned());
    }
    let err = err.join().unwrap_or_default();
    bail!("git {}: {}", args.join(" "), err.trim())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("the path {} is not UTF-8", path.display()))
}

/// One file name for one path, however long it is.
fn name_of(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    format!("{:08x}-{}", crc32fast::hash(bytes), bytes.len())
}

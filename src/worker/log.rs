//! A card's log: what its workers write, run after run, bounded by rotation between runs.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::fsx;

/// The most that is kept of a run's output on its row, in bytes.
const TAIL: u64 = 4_096;

/// Opens a card's log for a new run, rotating it first if it has grown past `max` bytes.
pub fn open(path: &Path, max: u64, keep: u32) -> io::Result<File> {
    if std::fs::symlink_metadata(path).is_ok_and(|meta| meta.len() > max) {
        rotate(path, keep)?;
    }
    fsx::append_private(path)
}

fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    if keep == 0 {
        return std::fs::remove_file(path);
    }
    for number in (1..keep).rev() {
        match std::fs::rename(rotated(path, number), rotated(path, number + 1)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    std::fs::rename(path, rotated(path, 1))
}

/// The log, and what was rotated, as far as the names go.
pub fn paths(path: &Path) -> impl Iterator<Item = PathBuf> {
    std::iter::once(path.to_owned()).chain((1..).map(|number| rotated(path, number)))
}

/// The path of the rotated log number `number`, 1 being the newest.
fn rotated(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

/// Notes something about the run itself between the lines of its output.
///
/// To standard error, which is the log in a supervisor: a descriptor less to hold.
pub fn note(text: &str) {
    // The log is for people; what a decision needs is in the exit record.
    let _ = writeln!(io::stderr(), "[kanban] {text}");
}

/// The last lines that a run wrote from `offset` on.
pub fn tail(path: &Path, offset: u64) -> io::Result<String> {
    let file = match fsx::open_existing(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(e) => return Err(e),
    };
    let len = file.metadata()?.len();
    // A shorter file was cut off by somebody; what is in it then is still the newest.
    let offset = if offset > len { 0 } else { offset };
    let from = offset.max(len.saturating_sub(TAIL));
    let mut bytes = vec![0; usize::try_from(len - from).unwrap_or(0)];
    let read = read_at_most(&file, &mut bytes, from)?;
    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
    if from == offset {
        return Ok(text);
    }
    // The first line is most likely half a line.
    Ok(text
        .split_once('\n')
        .map_or(text.clone(), |(_, rest)| rest.to_owned()))
}

fn read_at_most(file: &File, bytes: &mut [u8], from: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], from + read as u64)? {
            0 => break,
            n => read += n,
        }
    }
    Ok(read)
}

/// The last line that says something, for a card's result; our own notes do not count.
pub fn last_line(tail: &str) -> Option<String> {
    let line = tail
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty() && !line.starts_with("[kanban] "))?;
    Some(line.trim().chars().take(400).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_rotated_between_runs_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t_1.log");
        for round in 0..4 {
            let mut file = open(&path, 8, 2).unwrap();
            assert_eq!(file.metadata().unwrap().len(), 0, "round {round}");
            writeln!(file, "0123456789 {round}").unwrap();
        }
        let content = |n| std::fs::read_to_string(rotated(&path, n)).unwrap();
        assert_eq!(content(1), "0123456789 2\n");
        assert_eq!(content(2), "0123456789 1\n");
        assert!(!rotated(&path, 3).exists());
    }

    #[test]
    fn the_tail_is_of_this_run_and_starts_with_a_whole_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "earlier run\n").unwrap();
        let mut file = open(&path, 1 << 20, 1).unwrap();
        let offset = file.metadata().unwrap().len();
        assert_eq!(tail(&path, offset).unwrap(), "");
        write!(file, "one\ntwo\n\n").unwrap();
        assert_eq!(tail(&path, offset).unwrap(), "one\ntwo\n\n");
        assert_eq!(last_line("one\ntwo\n\n").as_deref(), Some("two"));
        assert_eq!(last_line("two\n[kanban] done\n").as_deref(), Some("two"));
        for i in 0..2000 {
            writeln!(file, "line {i}").unwrap();
        }
        let long = tail(&path, offset).unwrap();
        assert!(
            long.len() as u64 <= TAIL && long.starts_with("line ") && long.ends_with("line 1999\n")
        );
        assert_eq!(tail(&dir.path().join("none"), 0).unwrap(), "");
    }
}

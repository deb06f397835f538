//! The exit record of a run: 512 bytes that are there before the worker starts and are overwritten in
//! place when it has ended.
//!
//! In place, because that works on a full disk where a new file and a rename do not. A checksum tells a
//! whole record from a torn one, and the nonce tells this run's from any other's.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::rundir::RunDir;
use crate::board::id::Nonce;
use crate::board::run::{Ended, Exit};
use crate::fsx;

/// The size of a record, in bytes: one disk sector, which is written whole or not at all.
const SIZE: usize = 512;
const CHECKSUM: usize = 4;
/// Longer texts are cut, so that a record always fits.
const TEXT_MAX: usize = 200;

/// What a run's supervisor has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Nothing yet: the supervisor is at work, or was killed.
    Pending,
    /// The worker ran and is gone, with all that it left behind.
    Exited(Exited),
    /// The worker could not be started; none of its instructions ran.
    Failed(String),
    /// Another card is being worked on where this one would be.
    Busy(String),
    /// Nothing of this worker could be started here, whatever the card.
    Unstartable(String),
    /// The card was taken away before the worker was let off; none of its instructions ran.
    NotStarted(String),
    /// The supervisor was killed; its guard ended every process of the run.
    Orphaned,
    /// A person confirmed that work may continue although a process of the run may be alive.
    Forced(String),
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exited {
    /// Exit status, or the negative number of the signal that ended it.
    pub status: i32,
    /// The same of what verified the work, if something did.
    #[serde(default)]
    pub verified: Option<i32>,
    /// Why the supervisor ended it, if it did.
    pub ended: Option<Ended>,
    /// From its start to its end, in milliseconds.
    pub duration_ms: i64,
    /// Processor time of it and all it waited for, in milliseconds.
    pub cpu_ms: i64,
    /// The most memory of one process, in KiB.
    pub max_rss_kib: i64,
    /// Processes of it were ended after it, or left alone if its configuration says so.
    pub left_behind: bool,
}

impl Exited {
    /// The end of a worker that took no measurable time or memory.
    pub fn new(exit: Exit) -> Self {
        let status = match exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => -signal,
        };
        Self {
            status,
            verified: None,
            ended: None,
            duration_ms: 0,
            cpu_ms: 0,
            max_rss_kib: 0,
            left_behind: false,
        }
    }

    /// How the worker's process ended.
    pub fn exit(&self) -> Exit {
        exit_of(self.status)
    }

    /// How the verification ended, if there was one.
    pub fn verification(&self) -> Option<Exit> {
        self.verified.map(exit_of)
    }
}

fn exit_of(status: i32) -> Exit {
    if status < 0 {
        Exit::Signal(-status)
    } else {
        Exit::Code(status)
    }
}

#[derive(Serialize, Deserialize)]
struct Stamped {
    run: String,
    record: Record,
}

/// Creates the file with room on the disk for its record, and records that the run is pending. It need not outlast a
/// power cut: no run does. A run is prepared once.
pub fn prepare(path: &Path, nonce: &Nonce) -> io::Result<()> {
    let file = fsx::create_private(path)?;
    fsx::reserve(&file, SIZE as u64)?;
    file.write_all_at(&encode(nonce, &Record::Pending), 0)
}

/// Overwrites the record in place and makes it durable, with its entry in the folder.
pub fn overwrite(path: &Path, nonce: &Nonce, record: &Record) -> io::Result<()> {
    let file = fsx::write_existing(path)?;
    file.write_all_at(&encode(nonce, record), 0)?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), fsx::sync_dir)
}

/// Records an end where no supervisor is left to do it, unless one is recorded already.
pub fn leave(dir: &RunDir, nonce: &Nonce, record: &Record) -> io::Result<()> {
    match prepare(&dir.record(), nonce) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    match read(&dir.record(), nonce)? {
        Record::Pending => overwrite(&dir.record(), nonce, record),
        _ => Ok(()),
    }
}

/// Reads a record. A missing, torn or foreign one says no more than [`Record::Pending`].
pub fn read(path: &Path, nonce: &Nonce) -> io::Result<Record> {
    let file = match fsx::open_existing(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Record::Pending),
        Err(e) => return Err(e),
    };
    Ok(found(&file, nonce)?.unwrap_or(Record::Pending))
}

fn found(file: &File, nonce: &Nonce) -> io::Result<Option<Record>> {
    let mut bytes = [0; SIZE];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => Ok(decode(&bytes, nonce)),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(e) => Err(e),
    }
}

fn encode(nonce: &Nonce, record: &Record) -> [u8; SIZE] {
    let record = match record {
        Record::Failed(why) => Record::Failed(cut(why)),
        Record::Unstartable(why) => Record::Unstartable(cut(why)),
        Record::Busy(why) => Record::Busy(cut(why)),
        Record::NotStarted(why) => Record::NotStarted(cut(why)),
        Record::Forced(why) => Record::Forced(cut(why)),
        other => other.clone(),
    };
    let text = serde_json::to_vec(&Stamped {
        run: nonce.to_string(),
        record,
    })
    .unwrap_or_default();
    let mut bytes = [0; SIZE];
    for (to, from) in bytes[..SIZE - CHECKSUM].iter_mut().zip(text) {
        *to = from;
    }
    let sum = crc32fast::hash(&bytes[..SIZE - CHECKSUM]);
    bytes[SIZE - CHECKSUM..].copy_from_slice(&sum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8; SIZE], nonce: &Nonce) -> Option<Record> {
    let (text, sum) = bytes.split_at(SIZE - CHECKSUM);
    if crc32fast::hash(text).to_le_bytes() != sum {
        return None;
    }
    let end = text.iter().rposition(|b| *b != 0)? + 1;
    let stamped: Stamped = serde_json::from_slice(&text[..end]).ok()?;
    (stamped.run == nonce.as_str()).then_some(stamped.record)
}

/// Printable ASCII only: every other character would be escaped to several bytes.
fn cut(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        })
        .take(TEXT_MAX)
        .map(unquoted)
        .collect()
}

fn unquoted(c: char) -> char {
    match c {
        '"' | '\\' => '\'',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nonce() -> Nonce {
        Nonce::from_random([9; 16])
    }

    #[test]
    fn a_record_is_overwritten_in_place_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("exit");
        assert_eq!(read(&path, &nonce()).unwrap(), Record::Pending);
        prepare(&path, &nonce()).unwrap();
        assert_eq!(read(&path, &nonce()).unwrap(), Record::Pending);
        for exit in [Exit::Code(0), Exit::Code(255), Exit::Signal(9)] {
            let ended = Record::Exited(Exited {
                ended: Some(Ended::OverTime),
                ..Exited::new(exit)
            });
            overwrite(&path, &nonce(), &ended).unwrap();
            assert_eq!(read(&path, &nonce()).unwrap(), ended);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), SIZE as u64);
        }
        let other = Nonce::from_random([1; 16]);
        assert_eq!(
            read(&path, &other).unwrap(),
            Record::Pending,
            "another run's record is not ours"
        );
        let again = prepare(&path, &nonce()).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn record_that_another_process_leaves_never_replaces_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::at(folder.path());
        leave(&dir, &nonce(), &Record::Orphaned).unwrap();
        assert_eq!(read(&dir.record(), &nonce()).unwrap(), Record::Orphaned);
        leave(&dir, &nonce(), &Record::Failed("later".into())).unwrap();
        assert_eq!(read(&dir.record(), &nonce()).unwrap(), Record::Orphaned);
        let gone = RunDir::at(&folder.path().join("gone"));
        let error = leave(&gone, &nonce(), &Record::Orphaned).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_text_of_any_length_fits() {
        let file = encode(&nonce(), &Record::Failed("\u{1b}\"ü".repeat(10_000)));
        assert!(
            matches!(decode(&file, &nonce()), Some(Record::Failed(why)) if why.len() == TEXT_MAX)
        );
    }

    proptest! {
        #[test]
        fn a_torn_record_is_pending(at in 0..SIZE, value in any::<u8>()) {
            let mut bytes = encode(&nonce(), &Record::Exited(Exited::new(Exit::Code(3))));
            prop_assume!(bytes[at] != value);
            bytes[at] = value;
            prop_assert_eq!(decode(&bytes, &nonce()), None);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), SIZE)) {
            let bytes: [u8; SIZE] = bytes.try_into().unwrap();
            let _ = decode(&bytes, &nonce());
        }
    }
}

//! What a supervisor has to know. Never in arguments, which every user of the machine can read.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::board::id::Nonce;
use crate::board::run_facts::RunFacts;
use crate::fsx::Identity;
use crate::time::Seconds;

use super::cgroup;
use super::worktree::Tree;

/// One run, from its claim to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The board, for the follow-up tick.
    pub board: String,
    /// The configuration file, for the follow-up tick; `None`: there was none.
    pub config: Option<PathBuf>,
    /// The home of all boards, for the follow-up tick.
    pub home: PathBuf,
    /// The board file.
    pub db: PathBuf,
    /// The card.
    pub task: String,
    /// `task_runs.id`
    pub run_id: i64,
    /// Names the run's folder.
    pub nonce: String,
    /// The run's folder.
    pub dir: PathBuf,
    /// The lock that is handed over.
    pub lock: Identity,
    /// Program and arguments, placeholders filled.
    pub command: Vec<String>,
    /// Run before the worker is signalled when it has to end; empty: nothing.
    #[serde(default)]
    pub cancel: Vec<String>,
    /// Exit 0 of the work counts only if this passes; empty: it counts.
    #[serde(default)]
    pub verify: Vec<String>,
    /// The worker's whole environment.
    #[serde(with = "words")]
    pub env: Vec<(OsString, OsString)>,
    /// Where it works.
    pub workspace: Place,
    /// The card's log.
    pub log: PathBuf,
    /// The log is rotated when it is larger, in bytes.
    pub log_max_bytes: u64,
    /// Rotated logs to keep.
    pub log_keep: u32,
    /// Seconds.
    pub max_runtime: Seconds,
    /// Seconds between TERM and KILL.
    pub grace: Seconds,
    /// Seconds by which the claim is extended at a time.
    pub claim_ttl: Seconds,
    /// What the worker leaves behind is ended too.
    pub end_leftovers: bool,
    /// What the claim recorded.
    pub facts: RunFacts,
    /// Below this cgroup the run gets its own, if there is one.
    #[serde(default)]
    pub cgroups: Option<cgroup::Parent>,
}

/// Where a worker works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A folder made for the card below this one, by the card's id.
    Scratch(PathBuf),
    /// A folder of the user's.
    Dir(PathBuf),
    /// A git worktree.
    Worktree(Tree),
    /// It cannot be told where; this is why.
    Nowhere(String),
    /// A folder that another program named as scratch: made where it is missing, never removed.
    Given(PathBuf),
}

/// Words of the system, which are mostly text and then written as such: as lists of bytes they take four times the
/// space, and most of the time that writing and reading a spec takes.
mod words {
    use std::borrow::Cow;
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Word<'a> {
        Text(Cow<'a, str>),
        Bytes(Vec<u8>),
    }

    fn word(word: &OsStr) -> Word<'_> {
        match word.to_str() {
            Some(text) => Word::Text(text.into()),
            None => Word::Bytes(word.as_bytes().to_vec()),
        }
    }

    fn of_system(word: Word<'_>) -> OsString {
        match word {
            Word::Text(text) => text.into_owned().into(),
            Word::Bytes(bytes) => OsString::from_vec(bytes),
        }
    }

    pub fn serialize<S: Serializer>(
        pairs: &[(OsString, OsString)],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(pairs.iter().map(|(name, value)| (word(name), word(value))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(OsString, OsString)>, D::Error> {
        let pairs = Vec::<(Word<'_>, Word<'_>)>::deserialize(from)?;
        let pairs = pairs.into_iter();
        Ok(pairs
            .map(|(name, value)| (of_system(name), of_system(value)))
            .collect())
    }
}

impl Spec {
    /// The nonce, checked: it names a folder.
    pub fn nonce(&self) -> Result<Nonce, String> {
        self.nonce.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn an_environment_is_handed_over_as_it_is() {
        #[derive(Serialize, Deserialize)]
        struct Part(#[serde(with = "words")] Vec<(OsString, OsString)>);
        let env: Vec<(OsString, OsString)> = vec![
            ("NAME".into(), "héllo \"world\"\n".into()),
            ("BYTES".into(), OsString::from_vec(vec![0xff, b'a', 0x80])),
            ("EMPTY".into(), "".into()),
        ];
        let text = serde_json::to_string(&Part(env.clone())).unwrap();
        let head = r#"[["NAME","héllo \"world\"\n"],["BYTES",[255,97,128]]"#;
        assert!(text.starts_with(head), "{text}");
        assert_eq!(serde_json::from_str::<Part>(&text).unwrap().0, env);
    }
}

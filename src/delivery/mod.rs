//! Sending messages: a trait that every channel has, and one file per channel.
//!
//! No board, no queue and no thread here: [`Channel::send`] sends one message once and says how that ended.
//! Who is told what and when is decided above. A channel sees the world through a [`Wire`]: HTTP, programs,
//! and a list of what must not be shown.

mod address;
pub mod channels;
mod endpoint;
mod facts;
pub mod http;
#[cfg(test)]
mod manual;
pub mod message;
pub mod sender;
mod sign;
pub mod text;
mod verdict;
pub mod wire;

use serde_json::{Value, json};

use crate::board::delivery::Outcome;
use crate::board::notice::Notice;
use crate::time::Seconds;
use message::Message;
use wire::Wire;

/// A message on its way to a target.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// Constant over all tries; what a receiver recognises a repetition by.
    pub id: String,
    /// Unix seconds of this try.
    pub at: Seconds,
    /// 1 for the first try.
    pub attempt: u32,
    /// What is told.
    pub notice: Notice,
    /// Messages about the card that were not sent on their own.
    pub held_back: u32,
    /// Where to within the channel, if not where its configuration says.
    pub to: Option<String>,
    /// The thread there.
    pub thread: Option<String>,
}

impl Parcel {
    /// What it says to people.
    pub fn message(&self) -> Message {
        Message::of(&self.notice, &self.id, self.held_back)
    }

    /// What it says to programs: the notice with the id of the delivery. The same at every try.
    pub fn payload(&self) -> Value {
        let mut payload = json!(self.notice);
        if let Some(object) = payload.as_object_mut() {
            object.insert("id".into(), json!(self.id));
            object.insert("held_back".into(), json!(self.held_back));
            object.insert("to".into(), json!(self.to));
            object.insert("thread".into(), json!(self.thread));
            let text = self
                .message()
                .whole(&text::Dialect::plain(text::Unit::Utf16), 4_000);
            object.insert("text".into(), json!(text));
        }
        payload
    }

    /// The kind as programs tell kinds apart: `task.completed`, or `channel_paused` where it is about no card.
    pub fn kind(&self) -> String {
        let kind = &self.notice.event.kind;
        match self.notice.task {
            Some(_) => format!("task.{kind}"),
            None => kind.clone(),
        }
    }

    /// A number of hexadecimal digits that are constant over all tries, for receivers with short keys.
    pub fn short_id(&self, digits: usize) -> String {
        sign::digest(&self.id).chars().take(digits).collect()
    }
}

/// The id of a delivery: the same whenever and wherever the same event of the same board is told to the same
/// target, and no other's.
pub fn id_of(board: i64, about: &str, target: [&str; 3]) -> String {
    let name = format!("{board}\n{about}\n{}", target.join("\n"));
    format!("dlv_{:.32}", sign::digest(&name))
}

/// How fast a target may be sent to: `burst` messages at once, and then one in every `every_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages that may follow each other at once.
    pub burst: u32,
    /// Milliseconds between two messages after that; 0 is no limit.
    pub every_ms: u64,
}

impl Pace {
    /// No limit.
    pub const FREE: Self = Self {
        burst: 1,
        every_ms: 0,
    };
}

/// One way to tell somebody.
pub trait Channel: Send + Sync {
    /// Sends one message once.
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome;

    /// How fast each of its targets may be sent to.
    fn pace(&self) -> Pace {
        Pace::FREE
    }
}

/// The secrets of a channel, read.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The address to send to, where there is one.
    pub url: Option<String>,
    /// What shows who we are.
    pub token: Option<String>,
    /// What signs.
    pub secret: Option<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

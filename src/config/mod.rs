//! The configuration: one TOML file and a few environment variables, read once, checked whole.
//!
//! This layer alone reads the configuration file and the environment. Everything it hands up has its
//! defaults filled in and its rules checked, so nobody above asks "and if it is missing?".

mod adopt;
mod boards;
mod caller;
mod cautions;
mod channel;
mod channel_keys;
mod command;
mod effective;
#[cfg(test)]
mod example;
mod findings;
mod hermes;
mod load;
#[cfg(test)]
mod manual;
mod nearest;
mod paths;
mod preset;
mod program;
mod read;
mod secret;
mod shell;
mod surroundings;
mod template;
mod types;
mod validate;
mod validate_channels;
mod validate_workers;
mod worker;
mod workers;

pub use adopt::adopt_hermes;
pub use caller::{Caller, handed_on};
pub use channel::Channel;
#[cfg(test)]
pub use channel_keys::ChannelKeys;
pub use channel_keys::{ChannelKind, Format, PrivateAddresses};
pub use effective::Config;
pub use hermes::Hermes;
#[cfg(test)]
pub use load::load_from;
pub use load::{Source, load, locate};
pub use nearest::nearest;
pub use paths::{Board, Home};
pub use secret::Secret;
pub use surroundings::Surroundings;
pub use template::{Fill, fill, fill_parts};
pub use types::{Leftovers, Preset};
pub use worker::Worker;

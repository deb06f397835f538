//! A worker as it comes out of the configuration: its keys, what its preset fills in, and the defaults.

use std::collections::BTreeMap;

use crate::board::run::Report;
use crate::board::window::Window;
use crate::time::Seconds;

use super::types::{Defaults, Hours, Leftovers, Part, Preset, Span, WorkerKeys, words};

/// A worker with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// The name that cards are assigned to.
    pub name: String,
    /// What it was made from.
    pub preset: Option<Preset>,
    /// Program and arguments, before placeholders are filled; empty for a pull lane.
    pub command: Vec<Part>,
    /// Run before it is signalled when it has to end.
    pub cancel: Vec<String>,
    /// Exit 0 of the work counts only if this passes.
    pub verify: Vec<String>,
    /// People pull from this lane; nothing is started.
    pub pull: bool,
    /// What it is for.
    pub description: Option<String>,
    /// Variables set for the worker.
    pub env: BTreeMap<String, String>,
    /// Variables handed on from our own environment.
    pub pass_env: Vec<String>,
    /// What it owes before it ends.
    pub report: Report,
    /// What is done with what it leaves behind.
    pub leftovers: Leftovers,
    /// Cap per board.
    pub max_in_progress: u32,
    /// Seconds.
    pub max_runtime: Seconds,
    /// Seconds.
    pub grace: Seconds,
    /// Hours in which it is started.
    pub window: Option<Window>,
}

impl Worker {
    /// The worker that the keys give under the defaults.
    pub(super) fn new(name: &str, keys: &WorkerKeys, defaults: &Defaults) -> Self {
        let keys = &match keys.preset {
            Some(preset) => preset.fill_in(keys),
            None => keys.clone(),
        };
        let mut pass_env = defaults.pass_env.clone();
        pass_env.extend(keys.pass_env.iter().cloned());
        pass_env.sort_unstable();
        pass_env.dedup();
        Self {
            name: name.to_owned(),
            preset: keys.preset,
            command: keys.command.clone(),
            cancel: keys.cancel.clone(),
            verify: keys.verify.clone(),
            pull: keys.pull,
            description: keys.description.clone(),
            env: keys.env.clone(),
            pass_env,
            report: keys.report.unwrap_or_default(),
            leftovers: keys.leftovers,
            max_in_progress: keys
                .max_in_progress
                .unwrap_or(defaults.max_in_progress_per_worker),
            max_runtime: keys.max_runtime.unwrap_or(defaults.max_runtime).0,
            grace: keys.grace.unwrap_or(defaults.grace).0,
            window: keys.window.as_ref().map(|hours| hours.0.clone()),
        }
    }

    /// Every word of its command.
    pub fn words(&self) -> Vec<String> {
        words(&self.command)
    }

    /// The keys that give this worker under any defaults.
    pub(super) fn keys(&self) -> WorkerKeys {
        WorkerKeys {
            // What the preset filled in is spelled out, and must not be filled in twice.
            preset: self.preset.filter(|preset| *preset == Preset::Hermes),
            command: self.command.clone(),
            cancel: self.cancel.clone(),
            verify: self.verify.clone(),
            pull: self.pull,
            description: self.description.clone(),
            env: self.env.clone(),
            pass_env: self.pass_env.clone(),
            report: Some(self.report),
            leftovers: self.leftovers,
            max_in_progress: Some(self.max_in_progress),
            max_runtime: Some(Span(self.max_runtime)),
            grace: Some(Span(self.grace)),
            window: self.window.clone().map(Hours),
        }
    }
}

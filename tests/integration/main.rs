//! Behaviour of the real program, with the real SQLite and real processes.
//!
//! One harness, one file per behaviour.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed, and says where"
)]

mod agents;
mod attachments;
mod board_file;
mod boards;
mod browser;
mod channels;
mod check;
mod cluster;
mod commands;
mod concurrency;
mod costs;
mod create_from;
mod daily;
mod dates;
mod deliveries;
mod ends;
mod evidence;
mod export;
mod fairness;
mod first_process;
mod gc;
mod generated;
mod harness;
mod hermes;
mod hostile;
mod json;
mod keeping;
mod kills;
mod layers;
mod liveness;
mod manuals;
mod many;
mod mcp;
mod model;
mod nested;
mod outsiders;
mod peer;
mod prefixes;
mod property;
mod protocol;
mod quarantine;
mod readme;
mod real_hosts;
mod receiver;
mod report;
mod restore;
mod rules;
mod scale;
mod session;
mod terminal;
mod tick_costs;
mod timer;
mod traced;
mod transcript;
mod upgrade;
mod upgrade_backup;
mod verify;
mod watch;
mod worktree;

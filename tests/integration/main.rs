//! Behaviour of the real program, with the real SQLite and real processes.
//!
//! One harness, one file per behaviour.

mod board_file;
mod commands;
mod concurrency;
mod ends;
mod generated;
mod harness;
mod kills;
mod layers;

//! Behaviour of the real program, with the real SQLite and real processes.
//!
//! One harness, one file per behaviour.

mod generated;
mod harness;

//! The domain: what a card, a run and an event are, and the rules they follow.
//!
//! Values and rules only: nothing here reads a file, a clock, a database or the environment.

pub mod attachment;
pub mod block;
pub mod briefing;
pub mod context;
pub mod delivery;
pub mod dependency;
pub mod event;
pub mod id;
pub mod notice;
pub mod overview;
pub mod plan;
pub mod queue;
pub mod retry;
pub mod run;
pub mod run_facts;
pub mod statement;
pub mod status;
pub mod task;
pub mod window;

//! What each tool takes. The doc comments are what a model is told, as those of a command are its help; the names
//! are those of the tools of Hermes Agent, which agents may know.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Whole lists are for people; a model reads so many cards at most.
pub const LIST_MAX: u32 = 200;
pub const LIST_USUAL: u32 = 50;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The card, by its id or the beginning of it; your own card if you leave it out
    pub task_id: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// Only cards of this worker or lane
    pub assignee: Option<String>,
    /// Only cards in this column: triage, todo, scheduled, ready, running, review, blocked, done, cancelled or
    /// archived
    pub status: Option<String>,
    /// Only cards of this tenant
    pub tenant: Option<String>,
    /// Only cards that wait for this one
    pub parent: Option<String>,
    /// Archived cards too
    #[serde(default)]
    pub include_archived: bool,
    /// At most so many, 200 at most; 50 if you leave it out
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Words that all occur in a card's title, body or comments
    #[schemars(length(min = 1, max = 20))]
    pub words: Vec<String>,
    /// At most so many, 200 at most; 50 if you leave it out
    #[schemars(range(min = 1, max = 200))]
    pub limit: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// Your own card if you leave it out
    pub task_id: Option<String>,
    /// What came of it, in a few sentences, for people and for the cards that wait for this one
    #[schemars(length(max = 65_536))]
    pub summary: Option<String>,
    /// Facts about it, such as {"changed_files": ["a.rs"], "tests_run": 12}, for the cards that wait for this one
    pub metadata: Option<Map<String, Value>>,
    /// The same as summary, for agents that know it by this name
    #[schemars(length(max = 65_536))]
    pub result: Option<String>,
    /// Absolute paths of files that were made; kept in the metadata
    pub artifacts: Option<Vec<String>>,
    /// Ids of cards that you made; kept in the metadata
    pub created_cards: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Your own card if you leave it out
    pub task_id: Option<String>,
    /// What stopped you, or what a person has to decide, in a sentence or two
    #[schemars(length(max = 65_536))]
    pub reason: String,
    /// What it waits for: dependency (a linked card: it goes on by itself), needs_input, capability or transient
    pub kind: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestReview {
    /// Your own card if you leave it out
    pub task_id: Option<String>,
    /// What came of it and what to look at
    #[schemars(length(max = 65_536))]
    pub summary: Option<String>,
    /// Facts about it
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestChanges {
    /// Your own card if you leave it out
    pub task_id: Option<String>,
    /// What is to be changed, for whoever did the work
    #[schemars(length(min = 1, max = 65_536))]
    pub reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// Your own card if you leave it out
    pub task_id: Option<String>,
    /// How far it is
    #[schemars(length(max = 65_536))]
    pub note: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Your own card if you leave it out; any other card too
    pub task_id: Option<String>,
    /// What is to be remembered
    #[schemars(length(min = 1, max = 1_048_576))]
    pub body: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// What is to be done, in a line
    #[schemars(length(min = 1, max = 1_000))]
    pub title: String,
    /// The worker that is to do it, or the lane that a person pulls it from
    pub assignee: Option<String>,
    /// What is to be done, in full: whoever gets the card knows nothing else
    #[schemars(length(max = 1_048_576))]
    pub body: Option<String>,
    /// Cards that have to be done first. With your own card it starts when you have completed that; without any, it
    /// starts at once
    #[serde(default)]
    pub parents: Vec<String>,
    /// A name to group cards by
    pub tenant: Option<String>,
    /// Cards with a higher number start first
    #[serde(default)]
    pub priority: i64,
    /// Where its worker works: scratch (a folder made for the card), dir or worktree
    pub workspace_kind: Option<String>,
    /// The folder, for dir, or the repository, for worktree; absolute
    pub workspace_path: Option<String>,
    /// It is not started until somebody has specified it
    #[serde(default)]
    pub triage: bool,
    /// If a card with this key is there and not archived, that one is returned and none is made
    pub idempotency_key: Option<String>,
    /// A run that takes longer is ended
    #[schemars(range(min = 1))]
    pub max_runtime_seconds: Option<i64>,
    /// "blocked" makes a card that a person has to let go
    pub initial_status: Option<String>,
    /// Skills that its worker is told to use
    #[serde(default)]
    pub skills: Vec<String>,
    /// Its worker goes on until a judge agrees that the goal is reached, for workers that know goals
    #[serde(default)]
    pub goal_mode: bool,
    /// With goal_mode, after so many turns at most
    pub goal_max_turns: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The card to finish first
    pub parent_id: String,
    /// The card that waits
    pub child_id: String,
}

//! What a card says and how urgent it is. Nothing here moves a card.

use anyhow::Result;
use rusqlite::params;
use serde_json::json;

use super::{Changed, refused};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::store::{Tx, history, tasks};
use crate::time::Seconds;

/// What is to be said instead. What is not named stays.
#[derive(Debug, Clone, Default)]
pub struct Words {
    pub title: Option<String>,
    /// Empty: none.
    pub body: Option<String>,
    /// Empty: none.
    pub tenant: Option<String>,
}

/// Changes what a card says. A worker that has it goes on with what it was told. Returns what was changed;
/// nothing where it said so already.
pub fn edit(
    tx: &Tx<'_>,
    id: &TaskId,
    words: &Words,
    who: &str,
    now: Seconds,
) -> Result<Vec<&'static str>> {
    let task = tasks::get(tx, id)?;
    if task.status == Status::Archived {
        return Err(refused(&task, "edited"));
    }
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let mut fields = Vec::new();
    let mut set =
        |column: &'static str, before: Option<String>, after: Option<String>| -> Result<()> {
            if before != after {
                tx.execute(
                    &format!("UPDATE tasks SET {column} = ?2 WHERE id = ?1"),
                    params![id.as_str(), after],
                )?;
                fields.push(column);
            }
            Ok(())
        };
    if let Some(title) = &words.title {
        set("title", Some(task.title), Some(title.clone()))?;
    }
    if let Some(body) = &words.body {
        set("body", task.body, some(body))?;
    }
    if let Some(tenant) = &words.tenant {
        set("tenant", task.tenant, some(tenant))?;
    }
    if !fields.is_empty() {
        let event = Event::with("edited", json!({"fields": fields, "by": who}));
        history::append(tx, id, None, &event, now)?;
    }
    Ok(fields)
}

/// Gives a card another place in the order in which cards start.
pub fn reprioritize(
    tx: &Tx<'_>,
    id: &TaskId,
    priority: i64,
    who: &str,
    now: Seconds,
) -> Result<Changed> {
    let task = tasks::get(tx, id)?;
    if task.status.is_final() {
        return Err(refused(&task, "given another priority"));
    }
    if task.priority != priority {
        tx.execute(
            "UPDATE tasks SET priority = ?2 WHERE id = ?1",
            params![id.as_str(), priority],
        )?;
        let event = Event::with("reprioritized", json!({"priority": priority, "by": who}));
        history::append(tx, id, None, &event, now)?;
    }
    Ok(Changed {
        status: task.status,
        cancel: None,
    })
}

//! Cards: making and reading them.

use std::collections::HashSet;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::{Fields, Tx, history, links, schema};
use crate::board::event::Event;
use crate::board::id::{CardRef, TaskId};
use crate::board::status::Status;
use crate::board::task::{Column, NewTask, Task};
use crate::exit::Failure;
use crate::time::Seconds;
use serde_json::json;

const COLUMNS: &str = "t.id, t.title, t.body, t.assignee, t.status, t.priority, t.created_by, t.created_at, \
     t.started_at, t.completed_at, t.workspace_kind, t.workspace_path, t.tenant, t.result, t.idempotency_key, \
     t.consecutive_failures, t.last_failure_error, t.worker_pid, t.max_runtime_seconds, t.max_retries, \
     t.current_run_id, t.block_kind, t.block_recurrences, t.branch_name, t.skills, t.model_override, \
     t.goal_mode, t.goal_max_turns, t.project_id, t.session_id, \
     t.workflow_template_id, t.current_step_key, t.claim_lock, t.claim_expires, t.last_heartbeat_at, c.args, c.verify, c.not_before, c.retry_at";

/// What [`task`] reads.
pub(super) fn select(conn: &Connection) -> Result<String> {
    let tasks = schema::tasks_source(conn)?;
    Ok(format!(
        "SELECT {COLUMNS} FROM {tasks} t LEFT JOIN tick_cards c ON c.task_id = t.id"
    ))
}

/// A card by its columns, in the order of [`COLUMNS`].
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let mut fields = Fields::of(row);
    Ok(Task {
        id: TaskId::stored(fields.next()?),
        title: fields.next()?,
        body: fields.next()?,
        assignee: fields.next()?,
        status: Status::stored(fields.next()?),
        priority: fields.next::<Option<i64>>()?.unwrap_or(0),
        created_by: fields.next()?,
        created_at: fields.next()?,
        started_at: fields.next()?,
        completed_at: fields.next()?,
        workspace_kind: fields.next()?,
        workspace_path: fields.next()?,
        tenant: fields.next()?,
        result: fields.next()?,
        idempotency_key: fields.next()?,
        consecutive_failures: fields.next()?,
        last_failure_error: fields.next()?,
        worker_pid: fields.next()?,
        max_runtime_seconds: fields.next()?,
        max_retries: fields.next()?,
        current_run_id: fields.next()?,
        block_kind: fields.next()?,
        block_recurrences: fields.next::<Option<i64>>()?.unwrap_or(0),
        branch_name: fields.next()?,
        skills: fields.strings()?,
        model_override: fields.next()?,
        goal_mode: fields.next::<Option<i64>>()?.unwrap_or(0) != 0,
        goal_max_turns: fields.next()?,
        project_id: fields.next()?,
        session_id: fields.next()?,
        workflow_template_id: fields.next()?,
        current_step_key: fields.next()?,
        claim_lock: fields.next()?,
        claim_expires: fields.next()?,
        last_heartbeat_at: fields.next()?,
        args: fields.strings()?,
        verify: fields.strings()?,
        not_before: fields.next()?,
        retry_at: fields.next()?,
    })
}

/// What `create` came to.
#[derive(Debug)]
pub struct Created {
    /// The card.
    pub id: TaskId,
    /// `false`: a card with the same idempotency key was there already, and nothing was made.
    pub new: bool,
    /// The column that it is in.
    pub status: Status,
}

/// The card with this id.
pub fn get(conn: &Connection, id: &TaskId) -> Result<Task> {
    conn.prepare_cached(&format!("{} WHERE t.id = ?1", select(conn)?))?
        .query_row([id.as_str()], task)
        .optional()?
        .ok_or_else(|| missing(id).into())
}

/// Refuses an id that no card has.
pub fn require(conn: &Connection, id: &TaskId) -> Result<()> {
    match exists(conn, id)? {
        true => Ok(()),
        false => Err(missing(id).into()),
    }
}

fn missing(id: &TaskId) -> Failure {
    Failure::not_found(format!("there is no card {id} on this board"))
}

/// Whether there is such a card.
pub fn exists(conn: &Connection, id: &TaskId) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tasks WHERE id = ?1)")?
        .query_row([id.as_str()], |r| r.get(0))?)
}

/// How many cards are named when a beginning fits several.
const CANDIDATES: usize = 5;

/// The id of the card that somebody names. An id that is written in full costs no query, and whether there is
/// such a card is left to whoever uses it.
pub fn find(conn: &Connection, named: &CardRef) -> Result<TaskId> {
    let beginning = match named {
        CardRef::Whole(id) => return Ok(id.clone()),
        CardRef::Beginning(text) => text,
    };
    // "g" comes after every digit.
    let mut statement = conn.prepare_cached(
        "SELECT id, title FROM tasks WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY id",
    )?;
    let found: Vec<(String, String)> = statement
        .query_map([beginning], |r| Ok((r.get(0)?, r.get(1)?)))?
        // An id of another program can be anything, and is about to become part of a path.
        .filter(|row: &rusqlite::Result<(String, String)>| {
            !row.as_ref()
                .is_ok_and(|(id, _)| id.parse::<TaskId>().is_err())
        })
        .take(CANDIDATES + 1)
        .collect::<rusqlite::Result<_>>()?;
    match found.as_slice() {
        [] => Err(Failure::not_found(format!(
            "there is no card on this board whose id begins with {beginning}"
        ))
        .into()),
        [(only, _)] => Ok(TaskId::stored(only.clone())),
        // An old id can be the beginning of a newer one.
        [(first, _), ..] if first == beginning => Ok(TaskId::stored(first.clone())),
        several => {
            let mut cards: Vec<String> = several
                .iter()
                .take(CANDIDATES)
                .map(|(id, title)| format!("{id} ({title})"))
                .collect();
            if several.len() > CANDIDATES {
                cards.push("…".into());
            }
            let message = format!("{beginning} could be any of {}", cards.join(", "));
            Err(Failure::usage(message).hint("write more of the id").into())
        }
    }
}

/// [`find`] where a card need not be named.
pub fn find_if_named(conn: &Connection, named: Option<&CardRef>) -> Result<Option<TaskId>> {
    named.map(|named| find(conn, named)).transpose()
}

/// [`find`] for each of several; who is named twice is meant once.
pub fn find_all(conn: &Connection, named: &[CardRef]) -> Result<Vec<TaskId>> {
    let mut seen = HashSet::new();
    let ids = named.iter().map(|named| find(conn, named));
    ids.filter(|id| !id.as_ref().is_ok_and(|id| !seen.insert(id.clone())))
        .collect()
}

/// How many cards are in each column.
pub fn counts(conn: &Connection) -> Result<Vec<(Status, i64)>> {
    let mut statement = conn.prepare("SELECT status, count(*) FROM tasks GROUP BY status")?;
    let rows = statement.query_map([], |r| Ok((Status::stored(r.get(0)?), r.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many cards are in one column. Unlike [`counts`], it does not go through the others.
pub fn count(conn: &Connection, status: &Status) -> Result<i64> {
    let sql = "SELECT count(*) FROM tasks WHERE status = ?1";
    Ok(conn.query_row(sql, [status.as_str()], |r| r.get(0))?)
}

/// Makes a card, or finds the one with the same idempotency key that is not archived.
pub fn create(tx: &Tx<'_>, new: &NewTask, now: Seconds) -> Result<Created> {
    if let Some(key) = &new.idempotency_key {
        let found = tx
            .query_row(
                "SELECT id, coalesce(status, '') FROM tasks WHERE idempotency_key = ?1 AND status IS NOT 'archived'
                 ORDER BY created_at LIMIT 1",
                [key],
                |r| {
                    Ok(Created {
                        id: TaskId::stored(r.get(0)?),
                        new: false,
                        status: Status::stored(r.get(1)?),
                    })
                },
            )
            .optional()?;
        if let Some(created) = found {
            return Ok(created);
        }
    }
    for (parent, _) in &new.parents {
        require(tx, parent)?;
    }
    let id = unused_id(tx)?;
    let free = match new.not_before {
        Some(at) if at > now => Status::Scheduled,
        _ => Status::Ready,
    };
    let first = match &new.column {
        Column::Triage => Status::Triage,
        Column::Blocked(_) => Status::Blocked,
        Column::ByParents if new.parents.is_empty() => free.clone(),
        Column::ByParents => Status::Todo,
    };
    let (workspace_kind, workspace_path) = new.workspace.columns();
    tx.execute(
        "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, created_at, workspace_kind,
                            workspace_path, idempotency_key, max_runtime_seconds, tenant)
         VALUES (?1, ?2, ?3, ?4, ?13, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            id.as_str(),
            new.title,
            new.body,
            new.assignee,
            new.priority,
            new.created_by,
            now,
            workspace_kind,
            workspace_path,
            new.idempotency_key,
            new.max_runtime,
            new.tenant,
            first.as_str(),
        ],
    )?;
    overrides(tx, &id, new)?;
    for (parent, on) in &new.parents {
        links::add(tx, parent, &id, *on)?;
    }
    let status = match first {
        Status::Todo if links::open_parents(tx, &id)?.is_empty() => {
            tx.execute(
                "UPDATE tasks SET status = ?2 WHERE id = ?1",
                params![id.as_str(), free.as_str()],
            )?;
            free
        }
        other => other,
    };
    let parents: Vec<&str> = new.parents.iter().map(|(id, _)| id.as_str()).collect();
    let event = Event::with(
        "created",
        json!({"assignee": new.assignee, "status": status.as_str(), "parents": parents,
               "tenant": new.tenant, "by": new.created_by, "not_before": new.not_before,
               "by_run": new.made_by.as_ref().map(|maker| maker.run),
               "by_card": new.made_by.as_ref().map(|maker| &maker.card)}),
    );
    history::append(tx, &id, None, &event, now)?;
    if let Some(maker) = &new.made_by {
        let event = Event::with("made_card", json!({"card": id, "title": new.title}));
        history::append(tx, &maker.card, Some(maker.run), &event, now)?;
    }
    if let Column::Blocked(reason) = &new.column {
        // Hermes lets a blocked card go whose newest event of this family is not a block.
        let event = Event::with("blocked", json!({"reason": reason, "by": new.created_by}));
        history::append(tx, &id, None, &event, now)?;
    }
    Ok(Created {
        id,
        new: true,
        status,
    })
}

/// What a card has beyond the columns that every board has. A board whose file has no place for what is
/// asked refuses it rather than forget it.
fn overrides(tx: &Tx<'_>, id: &TaskId, new: &NewTask) -> Result<()> {
    let asked = &new.overrides;
    let set = |column: &str, value: &dyn ToSql| -> Result<()> {
        if !schema::has(tx, column)? {
            return Err(Failure::refused(format!(
                "this board was made by a release of Hermes that has no {column} for a card"
            ))
            .into());
        }
        tx.execute(
            &format!("UPDATE tasks SET {column} = ?2 WHERE id = ?1"),
            params![id.as_str(), value],
        )?;
        Ok(())
    };
    if let Some(n) = new.max_retries {
        set("max_retries", &n)?;
    }
    if let Some(model) = &asked.model {
        set("model_override", model)?;
    }
    if !asked.skills.is_empty() {
        set("skills", &serde_json::to_string(&asked.skills)?)?;
    }
    if let Some(branch) = &asked.branch {
        set("branch_name", branch)?;
    }
    if asked.goal {
        set("goal_mode", &1)?;
        set("goal_max_turns", &asked.goal_max_turns)?;
    }
    let list = |strings: &[String]| -> Result<Option<String>> {
        Ok(match strings.is_empty() {
            true => None,
            false => Some(serde_json::to_string(strings)?),
        })
    };
    let (args, verify) = (list(&asked.args)?, list(&asked.verify)?);
    if new.not_before.is_some() || args.is_some() || verify.is_some() {
        tx.execute(
            "INSERT INTO tick_cards (task_id, not_before, args, verify) VALUES (?1, ?2, ?3, ?4)",
            params![id.as_str(), new.not_before, args, verify],
        )?;
    }
    Ok(())
}

fn unused_id(tx: &Tx<'_>) -> Result<TaskId> {
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)?;
        let id = TaskId::from_random(bytes);
        if !exists(tx, &id)? {
            return Ok(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Value;

    #[test]
    fn every_column_of_a_card_is_read_as_what_it_is() {
        let mut conn = Connection::open_in_memory().unwrap();
        schema::create_shared(&conn).unwrap();
        schema::migrate(&mut conn).unwrap();
        let mut expected = serde_json::Map::new();
        for (table, key) in [("tasks", "id"), ("tick_cards", "task_id")] {
            let columns: Vec<(String, String)> = conn
                .prepare("SELECT name, type FROM pragma_table_info(?1)")
                .unwrap()
                .query_map([table], |r| Ok((r.get(0)?, r.get(1)?)))
                .unwrap()
                .collect::<rusqlite::Result<_>>()
                .unwrap();
            let mut values = Vec::new();
            for (at, (name, kind)) in columns.iter().enumerate() {
                let (stored, read) = match (name.as_str(), kind.as_str()) {
                    (name, _) if name == key => (Value::from("t_1".to_owned()), json!("t_1")),
                    ("skills" | "args" | "verify", _) => {
                        (Value::from(format!("[\"{name}\"]")), json!([name]))
                    }
                    ("goal_mode", _) => (Value::from(1), json!(true)),
                    (_, "INTEGER") => (Value::from(at as i64 + 10), json!(at + 10)),
                    (name, _) => (Value::from(name.to_owned()), json!(name)),
                };
                values.push(stored);
                expected.insert(name.clone(), read);
            }
            let marks = vec!["?"; values.len()].join(", ");
            conn.execute(
                &format!("INSERT INTO {table} VALUES ({marks})"),
                rusqlite::params_from_iter(values),
            )
            .unwrap();
        }
        let read = json!(get(&conn, &TaskId::stored("t_1".into())).unwrap());
        for key in Task::KEYS {
            assert_eq!(read[key], expected[key], "{key}");
        }
    }
}

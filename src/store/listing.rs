//! Which cards to list, and in which order.
//!
//! A list begins with the row numbers of its cards, eight bytes each, in order; what is on the cards is read as they
//! are shown. So no list of any length has to be held, and none holds up a checkpoint while it is looked at.

use std::ops::ControlFlow;
use std::str::FromStr;

use anyhow::Result;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::Fields;
use super::tasks::{select, task};
use crate::board::id::TaskId;
use crate::board::status::Status;
use crate::board::task::Task;
use crate::time::Seconds;

/// Which cards to list.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    /// Only these columns; none named: all but archived.
    pub statuses: Vec<Status>,
    /// Only cards of this assignee.
    pub assignee: Option<String>,
    /// Only cards of this tenant.
    pub tenant: Option<String>,
    /// Only cards that wait for this one.
    pub parent: Option<TaskId>,
    /// Only cards to which something happened since then.
    pub since: Option<Seconds>,
    /// Only cards in whose title, body or comments each of these occurs.
    pub words: Vec<String>,
    pub sort: Sort,
    /// At most this many.
    pub limit: Option<u32>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// That in which they would start: highest priority first, then oldest first.
    #[default]
    Start,
    /// Oldest first.
    Created,
    /// What changed last, last.
    Changed,
    Title,
}

impl Sort {
    fn sql(self) -> &'static str {
        match self {
            Self::Start => "t.priority DESC, t.created_at, t.rowid",
            Self::Created => "t.created_at, t.rowid",
            Self::Changed => {
                "(SELECT max(e.id) FROM task_events e WHERE e.task_id = t.id), t.rowid"
            }
            Self::Title => "t.title COLLATE NOCASE, t.rowid",
        }
    }
}

impl FromStr for Sort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "start" => Self::Start,
            "created" => Self::Created,
            "changed" => Self::Changed,
            "title" => Self::Title,
            _ => {
                return Err(format!(
                    "{text:?} is no order; there are start, created, changed, title"
                ));
            }
        })
    }
}

/// A pattern of LIKE that finds a text anywhere, whatever is in it.
fn anywhere(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

impl ListFilter {
    /// What holds for the cards of the list, and the values in it. Nothing is said of what was not asked for: an
    /// index that could lead to the cards is passed over where a condition is only perhaps one.
    fn conditions(&self) -> (String, Vec<Value>) {
        let mut all: Vec<String> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut value = |value: Value| {
            values.push(value);
            format!("?{}", values.len())
        };
        let text = |text: &str| Value::from(text.to_owned());
        if self.statuses.is_empty() {
            all.push("t.status <> 'archived'".into());
        } else {
            let statuses = self.statuses.iter().map(|s| value(text(s.as_str())));
            let statuses: Vec<String> = statuses.collect();
            all.push(format!("t.status IN ({})", statuses.join(", ")));
        }
        if let Some(assignee) = &self.assignee {
            all.push(format!("t.assignee = {}", value(text(assignee))));
        }
        if let Some(tenant) = &self.tenant {
            all.push(format!("t.tenant = {}", value(text(tenant))));
        }
        if let Some(parent) = &self.parent {
            let parent = value(text(parent.as_str()));
            all.push(format!(
                "t.id IN (SELECT child_id FROM task_links WHERE parent_id = {parent})"
            ));
        }
        if let Some(since) = self.since {
            // Once over all events, in the order in which they lie, and not to those of each card.
            let since = value(since.into());
            all.push(format!(
                "t.id IN (SELECT task_id FROM task_events WHERE created_at >= {since})"
            ));
        }
        for word in &self.words {
            let word = format!("LIKE {} ESCAPE '\\'", value(anywhere(word).into()));
            all.push(format!(
                "(t.title {word} OR t.body {word}
                  OR EXISTS (SELECT 1 FROM task_comments m WHERE m.task_id = t.id AND m.body {word}))"
            ));
        }
        (all.join(" AND "), values)
    }
}

/// The row numbers of the cards of a list, in its order.
pub fn numbers(conn: &Connection, filter: &ListFilter) -> Result<Vec<i64>> {
    let (conditions, values) = filter.conditions();
    let limit = filter
        .limit
        .map_or_else(String::new, |limit| format!("LIMIT {limit}"));
    let mut statement = conn.prepare(&format!(
        "SELECT t.rowid FROM tasks t WHERE {conditions} ORDER BY {} {limit}",
        filter.sort.sql()
    ))?;
    let rows = statement.query_map(params_from_iter(values), |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Shows the cards of these rows as they are now, one after the other, until `see` has enough. What is no longer
/// there is passed over.
pub fn cards(
    conn: &Connection,
    numbers: &mut dyn Iterator<Item = i64>,
    see: &mut dyn FnMut(Task) -> Result<ControlFlow<()>>,
) -> Result<()> {
    each(
        conn,
        &format!("{} WHERE t.rowid = ?1", select(conn)?),
        task,
        numbers,
        see,
    )
}

/// What a list for people has of a card.
#[derive(Debug)]
pub struct Line {
    pub id: TaskId,
    pub status: Status,
    pub priority: i64,
    pub assignee: Option<String>,
    pub created_at: Seconds,
    pub title: String,
}

/// [`cards`] for a list that shows a line of each.
pub fn lines(
    conn: &Connection,
    numbers: &mut dyn Iterator<Item = i64>,
    see: &mut dyn FnMut(Line) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let sql =
        "SELECT id, status, priority, assignee, created_at, title FROM tasks WHERE rowid = ?1";
    let line = |row: &Row<'_>| {
        let mut fields = Fields::of(row);
        Ok(Line {
            id: TaskId::stored(fields.next()?),
            status: Status::stored(fields.next()?),
            priority: fields.next::<Option<i64>>()?.unwrap_or(0),
            assignee: fields.next()?,
            created_at: fields.next()?,
            title: fields.next()?,
        })
    };
    each(conn, sql, line, numbers, see)
}

/// Shows rows by their numbers. `sql` asks for one.
pub(super) fn each<T>(
    conn: &Connection,
    sql: &str,
    row: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    numbers: &mut dyn Iterator<Item = i64>,
    see: &mut dyn FnMut(T) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    for number in numbers {
        if let Some(found) = statement.query_row([number], &row).optional()?
            && see(found)?.is_break()
        {
            break;
        }
    }
    Ok(())
}

/// The cards of a list that is known to be short, or that has to be held as a whole.
pub fn list(conn: &Connection, filter: &ListFilter) -> Result<Vec<Task>> {
    let mut all = Vec::new();
    cards(conn, &mut numbers(conn, filter)?.into_iter(), &mut |card| {
        all.push(card);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

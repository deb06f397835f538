//! Who wants to hear of a card: our own subscriptions, and those of Hermes in the table that both share.
//!
//! A child inherits what its parent has when it is made or linked, whoever does that. A subscription ends
//! only when its card is at an end and all of it was told.

use anyhow::Result;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::targets::Target;
use super::{Tx, history, schema, tasks};
use crate::board::id::TaskId;
use crate::time::Seconds;

/// The statuses in which a card is at an end, in SQL.
const FINAL: &str = "('done', 'cancelled', 'archived')";

/// A subscription of ours.
#[derive(Debug, Clone, Serialize)]
pub struct Subscription {
    pub task_id: TaskId,
    #[serde(flatten)]
    pub target: Target,
    /// Only of events after this one.
    pub since: i64,
    /// Cards that come to wait for this one get it too.
    pub inherits: bool,
    pub created_at: Seconds,
    pub created_by: String,
}

/// Subscribes a target to a card. `false`: it is already.
pub fn subscribe(
    tx: &Tx<'_>,
    task: &TaskId,
    target: &Target,
    inherits: bool,
    (since, by, now): (i64, &str, Seconds),
) -> Result<bool> {
    tasks::get(tx, task)?;
    Ok(tx.execute(
        "INSERT INTO tick_subscriptions
             (task_id, channel, address, thread, since, inherits, created_at, created_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        params![
            task.as_str(),
            target.channel,
            target.address,
            target.thread,
            since,
            inherits,
            now,
            by
        ],
    )? == 1)
}

/// Ends subscriptions of a card: to a channel, or all. Returns how many.
pub fn unsubscribe(tx: &Tx<'_>, task: &TaskId, channel: Option<&str>) -> Result<usize> {
    Ok(tx.execute(
        "DELETE FROM tick_subscriptions WHERE task_id = ?1 AND (?2 IS NULL OR channel = ?2)",
        params![task.as_str(), channel],
    )?)
}

/// "It is of this card, or all are wanted", as SQL. A condition that served for both would go over every row for the
/// sake of one card.
fn whose(task: Option<&TaskId>) -> &'static str {
    match task {
        Some(_) => "task_id = ?1",
        None => "?1 IS NULL",
    }
}

/// Subscriptions of a card, or of all.
pub fn list(conn: &Connection, task: Option<&TaskId>) -> Result<Vec<Subscription>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT task_id, channel, address, thread, since, inherits, created_at, created_by
         FROM tick_subscriptions WHERE {}
         ORDER BY created_at, task_id, channel, address, thread",
        whose(task)
    ))?;
    let rows = statement.query_map([task.map(TaskId::as_str)], |r| {
        Ok(Subscription {
            task_id: TaskId::stored(r.get(0)?),
            target: Target::read(r)?,
            since: r.get(4)?,
            inherits: r.get(5)?,
            created_at: r.get(6)?,
            created_by: r.get(7)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anybody has asked to hear of any card.
pub fn any(conn: &Connection) -> Result<bool> {
    Ok(conn
        .prepare_cached("SELECT 1 FROM tick_subscriptions LIMIT 1")?
        .exists([])?)
}

/// The targets that want to hear of an event of a card.
pub fn targets(conn: &Connection, task: &TaskId, event: i64) -> Result<Vec<Target>> {
    let mut statement = conn.prepare_cached(
        "SELECT channel, address, thread FROM tick_subscriptions WHERE task_id = ?1 AND since < ?2",
    )?;
    let rows = statement.query_map(params![task.as_str(), event], Target::read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The cards that wait for a card, directly or not, and are not at an end.
pub fn descendants(conn: &Connection, task: &TaskId) -> Result<Vec<TaskId>> {
    // CROSS JOIN, or SQLite goes over every card of the board to have them in order.
    let mut statement = conn.prepare(&format!(
        "WITH RECURSIVE below(id) AS (
             SELECT child_id FROM task_links WHERE parent_id = ?1
             UNION SELECT l.child_id FROM below CROSS JOIN task_links l ON l.parent_id = below.id)
         SELECT t.id FROM below CROSS JOIN tasks t ON t.id = below.id WHERE (t.status IN {FINAL}) IS NOT TRUE
         ORDER BY t.id"
    ))?;
    let rows = statement.query_map([task.as_str()], |r| Ok(TaskId::stored(r.get(0)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Hands the subscriptions of a card's parents on to it, from an event on.
pub fn inherit(tx: &Tx<'_>, child: &TaskId, event: i64, now: Seconds) -> Result<usize> {
    Ok(tx.execute(
        "INSERT INTO tick_subscriptions
             (task_id, channel, address, thread, since, inherits, created_at, created_by)
         SELECT ?1, s.channel, s.address, s.thread, ?2, 1, ?3, s.created_by
         FROM task_links l CROSS JOIN tick_subscriptions s ON s.task_id = l.parent_id
         WHERE l.child_id = ?1 AND s.inherits = 1
         ON CONFLICT DO NOTHING",
        params![child.as_str(), event, now],
    )?)
}

/// Ends the subscriptions of cards that are at an end and of which everything was told. `among`: only of
/// these cards. `announced` is the last event that was looked at.
pub fn end_finished(tx: &Tx<'_>, among: Option<&[String]>, announced: i64) -> Result<usize> {
    // Said so that an index finds those of a few cards.
    let of_these = match among {
        Some(_) => "s.task_id IN (SELECT value FROM json_each(?1))",
        None => "?1 IS NULL",
    };
    let among = among.map(serde_json::to_string).transpose()?;
    Ok(tx.execute(
        &format!(
            "DELETE FROM tick_subscriptions AS s
             WHERE {of_these}
               AND NOT EXISTS (SELECT 1 FROM task_events e WHERE e.task_id = s.task_id AND e.id > ?2)
               AND {}",
            all_told("s.channel", "s.address", "s.thread")
        ),
        params![among, announced],
    )?)
}

/// "The card of `s` is at an end and nothing about it is still to be told to this target", as SQL.
fn all_told(channel: &str, address: &str, thread: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM tasks t WHERE t.id = s.task_id AND t.status IN {FINAL})
         AND NOT EXISTS (SELECT 1 FROM tick_deliveries d
                         WHERE d.task_id = s.task_id AND d.channel = {channel} AND d.address = {address}
                           AND d.thread = {thread} AND (d.done_at IS NULL OR d.state = 'dead'))"
    )
}

/// A subscription of Hermes: a chat of a platform that wants to hear of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shared {
    pub task_id: TaskId,
    pub platform: String,
    pub chat_id: String,
    /// Empty: none.
    pub thread_id: String,
    pub profile: Option<String>,
    /// The last event that somebody has taken upon himself to tell.
    pub last_event_id: i64,
}

/// Whether the file has the table, and its column for profiles. Early releases of Hermes have neither.
fn shape(conn: &Connection) -> Result<Option<&'static str>> {
    let has = |name: &str| schema::has_column(conn, "kanban_notify_subs", name);
    Ok(match (has("last_event_id")?, has("notifier_profile")?) {
        (false, _) => None,
        (true, true) => Some("s.notifier_profile"),
        (true, false) => Some("NULL"),
    })
}

/// The cursor as a number: early releases of Hermes kept it as text, or not at all.
const LAST: &str = "CAST(coalesce(s.last_event_id, 0) AS INTEGER)";

fn select_shared(conn: &Connection, rest: &str) -> Result<Option<String>> {
    Ok(shape(conn)?.map(|profile| {
        format!(
            "SELECT s.task_id, s.platform, s.chat_id, coalesce(s.thread_id, ''), {profile}, {LAST}
             FROM kanban_notify_subs s {rest}"
        )
    }))
}

fn read_shared(r: &rusqlite::Row<'_>) -> rusqlite::Result<Shared> {
    Ok(Shared {
        task_id: TaskId::stored(r.get(0)?),
        platform: r.get(1)?,
        chat_id: r.get(2)?,
        thread_id: r.get(3)?,
        profile: r.get(4)?,
        last_event_id: r.get(5)?,
    })
}

/// The subscriptions of Hermes to a card that have not seen an event.
pub fn shared_of(conn: &Connection, task: &TaskId, event: i64) -> Result<Vec<Shared>> {
    let unseen = format!("WHERE s.task_id = ?1 AND {LAST} < ?2");
    let Some(sql) = select_shared(conn, &unseen)? else {
        return Ok(Vec::new());
    };
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map(params![task.as_str(), event], read_shared)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every subscription of Hermes, or those to one card.
pub fn shared(conn: &Connection, task: Option<&TaskId>) -> Result<Vec<Shared>> {
    let Some(sql) = select_shared(conn, &format!("WHERE {} ORDER BY s.rowid", whose(task)))? else {
        return Ok(Vec::new());
    };
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([task.map(TaskId::as_str)], read_shared)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The subscriptions of Hermes that are behind: events up to `announced` that they have not seen. Only those
/// are looked at that were made after `after`, a number of [`shared_newest`].
pub fn shared_behind(conn: &Connection, after: i64, announced: i64) -> Result<Vec<Shared>> {
    let Some(sql) = select_shared(
        conn,
        &format!(
            "WHERE s.rowid > ?2 AND EXISTS (SELECT 1 FROM task_events e
                           WHERE e.task_id = s.task_id AND e.id > {LAST} AND e.id <= ?1)
             ORDER BY s.rowid"
        ),
    )?
    else {
        return Ok(Vec::new());
    };
    let mut statement = conn.prepare(&sql)?;
    let rows = statement.query_map([announced, after], read_shared)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A number that grows when Hermes subscribes somebody.
pub fn shared_newest(conn: &Connection) -> Result<i64> {
    if shape(conn)?.is_none() {
        return Ok(0);
    }
    Ok(conn.query_row(
        "SELECT coalesce(max(rowid), 0) FROM kanban_notify_subs",
        [],
        |r| r.get(0),
    )?)
}

/// Takes the events up to one upon ourselves. `false`: Hermes was first, and tells them itself.
pub fn take_shared(tx: &Tx<'_>, sub: &Shared, to: i64) -> Result<bool> {
    Ok(tx.execute(
        &format!(
            "UPDATE kanban_notify_subs AS s SET last_event_id = ?5
             WHERE s.task_id = ?1 AND s.platform = ?2 AND s.chat_id = ?3 AND coalesce(s.thread_id, '') = ?4
               AND {LAST} = ?6 AND {LAST} < ?5"
        ),
        params![
            sub.task_id.as_str(),
            sub.platform,
            sub.chat_id,
            sub.thread_id,
            to,
            sub.last_event_id
        ],
    )? == 1)
}

/// Hands a subscription of Hermes on to a child, from an event on.
pub fn inherit_shared(
    tx: &Tx<'_>,
    sub: &Shared,
    child: &TaskId,
    event: i64,
    now: Seconds,
) -> Result<()> {
    let columns = schema::columns(tx, "kanban_notify_subs")?;
    let more: Vec<&str> = ["user_id", "notifier_profile"]
        .into_iter()
        .filter(|name| columns.iter().any(|column| column == name))
        .collect();
    let more: String = more.iter().map(|name| format!(", {name}")).collect();
    tx.execute(
        &format!(
            "INSERT OR IGNORE INTO kanban_notify_subs
                 (task_id, platform, chat_id, thread_id, created_at, last_event_id{more})
             SELECT ?5, platform, chat_id, thread_id, ?6, ?7{more} FROM kanban_notify_subs
             WHERE task_id = ?1 AND platform = ?2 AND chat_id = ?3 AND coalesce(thread_id, '') = ?4"
        ),
        params![
            sub.task_id.as_str(),
            sub.platform,
            sub.chat_id,
            sub.thread_id,
            child.as_str(),
            now,
            event
        ],
    )?;
    Ok(())
}

/// Ends a subscription of Hermes whose card is at an end and which was told all of it by us, through a
/// target. What Hermes' own notifier took upon itself last is left to it: it puts the cursor back where it
/// could not tell. `false`: not yet.
pub fn end_shared(
    tx: &Tx<'_>,
    sub: &Shared,
    target: &Target,
    wants: &dyn Fn(&str) -> bool,
) -> Result<bool> {
    let later = history::events_of(tx, &sub.task_id, sub.last_event_id)?;
    if later.iter().any(|event| wants(&event.kind)) {
        return Ok(false);
    }
    Ok(tx.execute(
        &format!(
            "DELETE FROM kanban_notify_subs AS s
             WHERE s.task_id = ?1 AND s.platform = ?2 AND s.chat_id = ?3 AND coalesce(s.thread_id, '') = ?4
               AND {LAST} = ?8
               AND EXISTS (SELECT 1 FROM tick_deliveries d JOIN tick_notices n ON n.id = d.notice_id
                           WHERE n.event_id = ?8 AND d.channel = ?5 AND d.address = ?6 AND d.thread = ?7)
               AND {}",
            all_told("?5", "?6", "?7")
        ),
        params![
            sub.task_id.as_str(),
            sub.platform,
            sub.chat_id,
            sub.thread_id,
            target.channel,
            target.address,
            target.thread,
            sub.last_event_id
        ],
    )? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    /// A board whose table of subscriptions is as an early release of Hermes made it.
    #[test]
    fn a_cursor_that_was_kept_as_text_or_not_at_all_is_read_and_moved() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("kanban.db");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        store
            .write("test", |tx| {
                tx.execute_batch(
                    "DROP TABLE kanban_notify_subs;
                     CREATE TABLE kanban_notify_subs (task_id TEXT, platform TEXT, chat_id TEXT, thread_id TEXT,
                         created_at INTEGER, last_event_id TEXT);
                     INSERT INTO kanban_notify_subs VALUES ('t_1', 'telegram', '1', NULL, 5, '9'),
                                                           ('t_1', 'telegram', '2', '', 5, NULL);",
                )?;
                let task = TaskId::stored("t_1".into());
                let all = shared(tx, Some(&task))?;
                let seen: Vec<i64> = all.iter().map(|sub| sub.last_event_id).collect();
                assert_eq!(seen, [9, 0]);
                // As text, 9 would be more than 10.
                assert_eq!(shared_of(tx, &task, 10)?.len(), 2);
                assert!(take_shared(tx, &all[0], 10)? && take_shared(tx, &all[1], 10)?);
                assert!(!take_shared(tx, &all[0], 11)?, "somebody was first");
                assert_eq!(shared_of(tx, &task, 10)?.len(), 0);
                Ok(())
            })
            .unwrap();
    }
}

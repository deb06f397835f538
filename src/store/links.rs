//! Dependencies between cards: a child waits until every parent is finished.

use std::collections::HashSet;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;

use super::{Tx, history, tasks};
use crate::board::dependency::Release;
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::overview::Edge;
use crate::board::status::Status;
use crate::exit::Failure;
use crate::time::Seconds;

/// Whether the edge `l` with the parent `p` and our row `k` beside it still holds its child: the one rule.
/// What gave up is told by its newest event of that family, so it does not matter who wrote it.
///
/// `IS NOT TRUE` and not `NOT`: a comparison with NULL is NULL, and `NOT NULL` is NULL too. A parent that another
/// program blocked has no such event, and its status can be NULL. Neither may start the child.
macro_rules! holds {
    () => {
        "(CASE coalesce(k.release, 'success')
           WHEN 'success' THEN p.status = 'done' OR (p.status = 'archived' AND NOT EXISTS (
                SELECT 1 FROM tick_cards x WHERE x.task_id = p.id AND x.cancelled_at IS NOT NULL))
           ELSE (p.status = 'blocked' AND 'gave_up' = (
                SELECT e.kind FROM task_events e
                WHERE e.task_id = p.id AND e.kind IN ('blocked', 'unblocked', 'gave_up')
                ORDER BY e.id DESC LIMIT 1))
             OR (k.release = 'any' AND p.status IN ('done', 'cancelled', 'archived')) END) IS NOT TRUE"
    };
}

/// "A parent of `t` holds it", as SQL over `tasks t`.
pub const OPEN_PARENT: &str = concat!(
    "EXISTS (SELECT 1 FROM task_links l CROSS JOIN tasks p ON p.id = l.parent_id
             LEFT JOIN tick_links k ON k.child_id = l.child_id AND k.parent_id = l.parent_id
             WHERE l.child_id = t.id AND ",
    holds!(),
    ")"
);

/// A card at the other end of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    pub id: TaskId,
    pub status: Status,
    pub title: String,
    /// Which end of the parent lets the child go.
    pub on: Release,
    /// The edge still holds its child.
    pub open: bool,
}

/// What is asked of edges, and of which. CROSS JOIN says where to begin: without figures of its tables SQLite guesses,
/// and may go over all cards for one.
macro_rules! edges {
    ($columns:literal, $which:literal) => {
        concat!(
            "SELECT ",
            $columns,
            ", coalesce(k.release, 'success'), ",
            holds!(),
            " FROM task_links l CROSS JOIN tasks p ON p.id = l.parent_id CROSS JOIN tasks c ON c.id = l.child_id
                   LEFT JOIN tick_links k ON k.child_id = l.child_id AND k.parent_id = l.parent_id
              WHERE ",
            $which
        )
    };
}

/// Parents of a card.
pub fn parents(conn: &Connection, id: &TaskId) -> Result<Vec<Neighbour>> {
    let sql = edges!(
        "p.id, coalesce(p.status, ''), p.title",
        "l.child_id = ?1 ORDER BY p.created_at, p.rowid"
    );
    neighbours(conn, sql, id)
}

/// Children of a card.
pub fn children(conn: &Connection, id: &TaskId) -> Result<Vec<Neighbour>> {
    let sql = edges!(
        "c.id, coalesce(c.status, ''), c.title",
        "l.parent_id = ?1 ORDER BY c.created_at, c.rowid"
    );
    neighbours(conn, sql, id)
}

fn neighbours(conn: &Connection, sql: &str, id: &TaskId) -> Result<Vec<Neighbour>> {
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([id.as_str()], |r| {
        Ok(Neighbour {
            id: TaskId::stored(r.get(0)?),
            status: Status::stored(r.get(1)?),
            title: r.get(2)?,
            on: r.get::<_, String>(3)?.parse().unwrap_or_default(),
            open: r.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The edges that have one of these cards at an end, and whether there are more than may be: what each waits for comes
/// first, then what else waits for it. A board may have very many more, of cards that ended long ago.
pub fn around(conn: &Connection, cards: &[&TaskId], max: usize) -> Result<(Vec<Edge>, bool)> {
    let among: HashSet<&str> = cards.iter().map(|id| id.as_str()).collect();
    let mut edges = Vec::new();
    let to_parents = edges!(
        "l.parent_id, l.child_id",
        "l.child_id = ?1 ORDER BY l.rowid"
    );
    let to_children = edges!(
        "l.parent_id, l.child_id",
        "l.parent_id = ?1 ORDER BY l.child_id"
    );
    for (sql, seen) in [(to_parents, &HashSet::new()), (to_children, &among)] {
        let mut statement = conn.prepare(sql)?;
        for id in cards {
            let mut rows = statement.query([id.as_str()])?;
            while let Some(r) = rows.next()? {
                let child = TaskId::stored(r.get(1)?);
                if seen.contains(child.as_str()) {
                    continue;
                }
                if edges.len() == max {
                    return Ok((edges, true));
                }
                edges.push(Edge {
                    parent: TaskId::stored(r.get(0)?),
                    child,
                    on: r.get::<_, String>(2)?.parse().unwrap_or_default(),
                    open: r.get(3)?,
                });
            }
        }
    }
    Ok((edges, false))
}

/// The parents of a card that keep it from starting.
pub fn open_parents(conn: &Connection, id: &TaskId) -> Result<Vec<Neighbour>> {
    let mut all = parents(conn, id)?;
    all.retain(|parent| parent.open);
    Ok(all)
}

/// Makes `child` wait for `parent`. `false`: it did already.
pub fn link(
    tx: &Tx<'_>,
    parent: &TaskId,
    child: &TaskId,
    on: Release,
    now: Seconds,
) -> Result<bool> {
    tasks::get(tx, parent)?;
    let lower = tasks::get(tx, child)?;
    if parent == child {
        return Err(Failure::refused(format!("{child} cannot wait for itself")).into());
    }
    let cycle: bool = tx.query_row(
        "WITH RECURSIVE above(id) AS (
             SELECT ?1 UNION SELECT l.parent_id FROM above CROSS JOIN task_links l ON l.child_id = above.id)
         SELECT EXISTS (SELECT 1 FROM above WHERE id = ?2)",
        [parent.as_str(), child.as_str()],
        |r| r.get(0),
    )?;
    if cycle {
        return Err(Failure::refused(format!(
            "{parent} waits for {child} already: this link would close a cycle"
        ))
        .hint(format!(
            "unlink one of the cards between them; see kanban show {parent}"
        ))
        .into());
    }
    let added = add(tx, parent, child, on)?;
    if !added {
        return Ok(false);
    }
    let open = open_parents(tx, child)?.iter().any(|p| p.id == *parent);
    if open && (lower.status.is_final() || lower.status == Status::Review) {
        return Err(Failure::refused(format!(
            "{child} is {} already, so waiting for {parent} would change nothing",
            lower.status
        ))
        .into());
    }
    history::append(tx, child, None, &linked("linked", parent, child, on), now)?;
    if open && lower.status == Status::Ready {
        tx.execute(
            "UPDATE tasks SET status = 'todo' WHERE id = ?1 AND status = 'ready'",
            [child.as_str()],
        )?;
    }
    Ok(true)
}

/// Adds an edge between cards that exist, or changes what it waits for. `false`: it was there as asked.
pub fn add(tx: &Tx<'_>, parent: &TaskId, child: &TaskId, on: Release) -> Result<bool> {
    let edge = [parent.as_str(), child.as_str()];
    let added = tx.execute(
        "INSERT OR IGNORE INTO task_links (parent_id, child_id) VALUES (?1, ?2)",
        edge,
    )? == 1;
    let before: Option<String> = tx
        .query_row(
            "SELECT release FROM tick_links WHERE parent_id = ?1 AND child_id = ?2",
            edge,
            |r| r.get(0),
        )
        .optional()?;
    let before = before.map_or(Ok(Release::Success), |text| text.parse());
    if !added && before == Ok(on) {
        return Ok(false);
    }
    match on {
        Release::Success => tx.execute(
            "DELETE FROM tick_links WHERE parent_id = ?1 AND child_id = ?2",
            edge,
        )?,
        other => tx.execute(
            "INSERT INTO tick_links (parent_id, child_id, release) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET release = ?3",
            params![parent.as_str(), child.as_str(), other.as_str()],
        )?,
    };
    Ok(true)
}

/// Makes `child` no longer wait for `parent`. `false`: it did not.
pub fn unlink(tx: &Tx<'_>, parent: &TaskId, child: &TaskId, now: Seconds) -> Result<bool> {
    tasks::get(tx, parent)?;
    tasks::get(tx, child)?;
    let removed = tx.execute(
        "DELETE FROM task_links WHERE parent_id = ?1 AND child_id = ?2",
        params![parent.as_str(), child.as_str()],
    )? == 1;
    if removed {
        tx.execute(
            "DELETE FROM tick_links WHERE parent_id = ?1 AND child_id = ?2",
            params![parent.as_str(), child.as_str()],
        )?;
        let event = linked("unlinked", parent, child, Release::Success);
        history::append(tx, child, None, &event, now)?;
    }
    Ok(removed)
}

fn linked(kind: &'static str, parent: &TaskId, child: &TaskId, on: Release) -> Event {
    let on = (on != Release::Success).then_some(on);
    Event::with(
        kind,
        json!({"parent": parent.as_str(), "child": child.as_str(), "on": on}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn the_edges_around_some_cards_are_those_at_their_ends_and_bounded() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("kanban.db");
        Store::create(&path).unwrap();
        let mut store = Store::open(&path).unwrap();
        let around = |tx: &Tx<'_>, max| {
            let cards = ["t_2", "t_3"].map(|id| TaskId::stored(id.into()));
            let (edges, more) = around(tx, &cards.each_ref(), max)?;
            let ends = edges
                .iter()
                .map(|e| format!("{} {}", e.parent.as_str(), e.child.as_str()));
            Ok::<_, anyhow::Error>((ends.collect::<Vec<_>>(), more))
        };
        store
            .write("test", |tx| {
                tx.execute_batch(
                    "INSERT INTO tasks (id, title, status, created_at)
                         SELECT 't_' || value, value, 'todo', 0 FROM json_each('[1, 2, 3, 4, 5, 6]');
                     INSERT INTO task_links (parent_id, child_id) VALUES ('t_1', 't_2'), ('t_2', 't_3'), ('t_3', 't_4'),
                         ('t_4', 't_5'), ('t_5', 't_6'), ('t_3', 't_gone')",
                )?;
                let all = ["t_1 t_2", "t_2 t_3", "t_3 t_4"];
                assert_eq!(around(tx, 3)?, (all.map(str::to_owned).to_vec(), false));
                assert_eq!(around(tx, 2)?, (all[..2].iter().map(|e| (*e).to_owned()).collect(), true));
                Ok(())
            })
            .unwrap();
    }
}

//! Putting the rows of another board into an empty one, and making sure that nothing of it starts by mistake.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::params_from_iter;
use serde_json::json;

use super::export::{Cell, Known, Strange, TABLES, quoted};
use super::{Tx, history, outbox, runs, schema};
use crate::board::event::Event;
use crate::board::id::TaskId;
use crate::board::run::Outcome;
use crate::exit::Failure;
use crate::time::Seconds;

/// An empty board that is being filled.
pub struct Import<'a> {
    tx: &'a Tx<'a>,
    columns: HashMap<&'static str, Vec<String>>,
}

impl<'a> Import<'a> {
    /// Begins to fill a board, which has to be empty. It gets the columns that the other one had beyond ours.
    pub fn begin(tx: &'a Tx<'a>, strange: &Strange) -> Result<Self> {
        let mut columns = HashMap::new();
        for (table, _) in TABLES {
            let used: bool =
                tx.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {table})"), [], |r| {
                    r.get(0)
                })?;
            if used {
                return Err(Failure::refused("there is something on this board already")
                    .hint("an import makes a whole board; name one that does not exist")
                    .into());
            }
            columns.insert(table, schema::columns(tx, table)?);
        }
        let known = Known::new()?;
        for (table, added) in strange {
            let Some((table, present)) = columns.get_key_value(table.as_str()) else {
                return Err(
                    Failure::usage(format!("there is no table {table:?} to import")).into(),
                );
            };
            let (table, mut present) = (*table, present.clone());
            for (name, kind) in added {
                if !present.contains(name) {
                    // The file is empty and ours: nobody else's tables are altered.
                    own(&present, known.of(table))?;
                    let sql = format!(
                        "ALTER TABLE {table} ADD COLUMN {} {}",
                        quoted(name),
                        kind.sql()
                    );
                    tx.execute_batch(&sql)?;
                    present.push(name.clone());
                }
            }
            columns.insert(table, present);
        }
        Ok(Self { tx, columns })
    }

    /// Adds a row.
    pub fn row(&self, table: &str, row: &BTreeMap<String, Cell>) -> Result<()> {
        let Some(columns) = self.columns.get(table) else {
            return Err(Failure::usage(format!("there is no table {table:?} to import")).into());
        };
        if let Some(other) = row.keys().find(|name| !columns.contains(name)) {
            return Err(Failure::usage(format!("{table} has no column {other:?}")).into());
        }
        let names: Vec<String> = row.keys().map(|name| quoted(name)).collect();
        let values: Vec<String> = row.values().zip(1..).map(|(cell, i)| cell.sql(i)).collect();
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        );
        self.tx
            .execute(&sql, params_from_iter(row.values()))
            .map_err(|e| Failure::usage(format!("this row does not fit into {table}: {e}")))?;
        Ok(())
    }

    /// Refuses ids that cannot name files: logs and workspaces are called like their cards.
    fn require_names(&self) -> Result<()> {
        let bad = "SELECT CAST(id AS TEXT) FROM tasks
                   WHERE typeof(id) <> 'text' OR id IN ('', '.', '..') OR instr(id, '/') OR instr(id, char(0))";
        match ids::<String>(self.tx, bad)?.first() {
            None => Ok(()),
            Some(id) => Err(Failure::usage(format!("{id:?} cannot be the id of a card")).into()),
        }
    }

    /// Ends the import: numbers go on where they were, nobody is told what happened elsewhere, and what ran there
    /// is blocked here. Its worker may still be at work for the other board, so a person has to say what to do.
    pub fn end(
        self,
        sequences: &BTreeMap<String, i64>,
        who: &str,
        now: Seconds,
    ) -> Result<Vec<TaskId>> {
        let tx = self.tx;
        self.require_names()?;
        for (table, last) in sequences
            .iter()
            .filter(|(table, _)| self.columns.contains_key(table.as_str()))
        {
            tx.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0
                 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
                [table],
            )?;
            tx.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                rusqlite::params![table, last],
            )?;
        }
        let why = "it was running on the board that this one was imported from; whether it ended is not known here";
        for run in ids(tx, "SELECT id FROM task_runs WHERE ended_at IS NULL")? {
            runs::close(tx, run, Outcome::Lost, None, Some(why), now)?;
        }
        tx.execute(
            "UPDATE tick_runs SET dead = 1, stage = 'ended', ended_at = coalesce(ended_at, ?1),
                    outcome = coalesce(outcome, 'lost')
             WHERE dead = 0",
            [now],
        )?;
        let running: Vec<String> = ids(
            tx,
            "SELECT id FROM tasks WHERE status = 'running' ORDER BY rowid",
        )?;
        let running: Vec<TaskId> = running.into_iter().map(TaskId::stored).collect();
        for card in &running {
            let facts = json!({"reason": why, "by": who});
            history::append(tx, card, None, &Event::with("blocked", facts), now)?;
        }
        tx.execute(
            "UPDATE tasks SET status = CASE status WHEN 'running' THEN 'blocked' ELSE status END,
                    claim_lock = NULL, claim_expires = NULL, worker_pid = NULL, current_run_id = NULL
             WHERE status = 'running' OR claim_lock IS NOT NULL",
            [],
        )?;
        outbox::advance(tx, history::last_event(tx)?)?;
        Ok(running)
    }
}

/// Refuses to change a table that another program made.
fn own(present: &[String], known: &[(String, String)]) -> Result<()> {
    match known.iter().all(|(name, _)| present.contains(name)) {
        true => Ok(()),
        false => Err(Failure::refused(
            "the board was made by another program, and its file has no place for all columns",
        )
        .hint("import into a board that does not exist")
        .into()),
    }
}

fn ids<T: rusqlite::types::FromSql>(tx: &Tx<'_>, sql: &str) -> Result<Vec<T>> {
    let mut statement = tx.prepare(sql)?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

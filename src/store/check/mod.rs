//! Whether a board is sound: the file as SQLite sees it, and what must hold between its rows.
//!
//! Looking writes nothing, not even to a board that nobody may write to. What is mended is named by the rule that
//! found it, in a transaction of its own whose changes are guarded by what was found.

mod cycles;
mod rules;

use std::path::Path;

use anyhow::Result;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

use super::open::{Access, connect};
use super::{Store, explain, quarantine, schema};
use crate::time::Seconds;
use rules::{RULES, Rule};

/// As many ids of a finding are named.
const NAMED: usize = 20;
/// As many lines of SQLite's verdict are told; one is as bad as a hundred.
const LINES: u32 = 20;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work because of it.
    Error,
    /// It should not be, and does no harm yet.
    Warning,
    /// Worth knowing; it is kept as it is.
    Info,
}

/// Something that should be otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The name of the rule, for scripts.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub ids: Vec<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub advice: String,
    /// Whether `--fix` mends it without any risk.
    pub fixable: bool,
    /// How many of them were mended.
    pub fixed: usize,
}

impl Finding {
    /// Whether any of it is left.
    pub fn is_left(&self) -> bool {
        self.count > self.fixed
    }
}

/// How thoroughly the file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its pages.
    Quick,
    /// Its pages, and every index against its table.
    Full,
}

/// What SQLite says of the file.
#[derive(Debug)]
pub enum Integrity {
    /// Nothing is wrong with it.
    Sound,
    /// Only indexes are wrong, which are made from the rows: making them anew loses nothing.
    Indexes(Vec<String>),
    /// Something is lost.
    Damaged(Vec<String>),
}

impl Integrity {
    fn of(lines: Vec<String>) -> Self {
        let of_index = |line: &String| {
            line.starts_with("wrong # of entries in index ")
                || (line.starts_with("row ") && line.contains(" missing from index "))
        };
        match lines.as_slice() {
            [] => Self::Damaged(vec!["SQLite gave no verdict".into()]),
            [only] if only == "ok" => Self::Sound,
            all if all.iter().all(of_index) => Self::Indexes(lines),
            _ => Self::Damaged(lines),
        }
    }
}

impl Store {
    /// Opens a board for reading only, damaged or not, and reads all of its file. No store where SQLite cannot
    /// read it at all. Nothing is marked or written.
    pub fn open_to_check(path: &Path, depth: Depth) -> Result<(Option<Self>, Integrity)> {
        if path
            .metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() == 0)
        {
            return Ok((None, Integrity::Damaged(vec!["it is empty".into()])));
        }
        let attempt = || -> Result<(Self, Integrity)> {
            let store = connect(path, Access::Read)?;
            let integrity = integrity(&store.conn, depth)?;
            if matches!(integrity, Integrity::Sound | Integrity::Indexes(_)) {
                schema::inspect(&store.conn, &path.display().to_string())?;
            }
            Ok((store, integrity))
        };
        match attempt() {
            Ok((store, integrity)) => Ok((Some(store), integrity)),
            Err(e) => match quarantine::damage(&e) {
                Some(said) => Ok((None, Integrity::Damaged(vec![said]))),
                None => Err(explain(e, path)),
            },
        }
    }

    /// Opens a board that was checked, quarantined or not.
    pub fn open_to_mend(path: &Path) -> Result<Self> {
        Self::open_checked(path)
    }

    /// Makes all indexes anew. Returns what SQLite says of the file then.
    pub fn reindex(&mut self) -> Result<Integrity> {
        self.write("making the indexes anew", |tx| {
            Ok(tx.execute_batch("REINDEX")?)
        })?;
        self.read("checking the board again", |conn| {
            integrity(conn, Depth::Full)
        })
    }
}

fn integrity(conn: &Connection, depth: Depth) -> Result<Integrity> {
    let pragma = match depth {
        Depth::Quick => "quick_check",
        Depth::Full => "integrity_check",
    };
    let mut statement = conn.prepare(&format!("PRAGMA {pragma}({LINES})"))?;
    let rows = statement.query_map([], |r| r.get(0))?;
    Ok(Integrity::of(rows.collect::<rusqlite::Result<_>>()?))
}

/// What the rules are asked about.
struct Board<'a> {
    conn: &'a Connection,
    /// Whether our tables are there, as this program makes them.
    ours: bool,
    now: Seconds,
    /// No event has a higher id, nor ever had.
    top: i64,
}

impl<'a> Board<'a> {
    fn new(conn: &'a Connection, now: Seconds) -> Result<Self> {
        let counted: bool = conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence')",
            [],
            |r| r.get(0),
        )?;
        let highest = super::history::last_event(conn)?;
        let given: Option<i64> = match counted {
            true => conn
                .query_row(
                    "SELECT seq FROM sqlite_sequence WHERE name = 'task_events'",
                    [],
                    |r| r.get(0),
                )
                .optional()?,
            false => None,
        };
        Ok(Self {
            conn,
            ours: schema::is_current(conn)?,
            now,
            top: highest.max(given.unwrap_or(0)),
        })
    }

    fn can_ask(&self, rule: &Rule) -> Result<bool> {
        for table in rule.tables {
            if (table.starts_with("tick_") && !self.ours)
                || schema::columns(self.conn, table)?.is_empty()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A statement of a rule with what it stands for filled in: numbers and our own text, nothing of a card's.
    fn fill(&self, rule: &Rule, sql: &str) -> String {
        let (alive, known) = match self.ours {
            true => (
                "EXISTS (SELECT 1 FROM tick_runs r WHERE r.task_id = t.id AND r.dead = 0)",
                "EXISTS (SELECT 1 FROM tick_runs r WHERE r.run_id = t.current_run_id)",
            ),
            false => ("0", "0"),
        };
        sql.replace("{found}", rule.found)
            .replace("{alive}", alive)
            .replace("{known}", known)
            .replace("{now}", &self.now.to_string())
            .replace("{top}", &self.top.to_string())
    }

    fn ask(&self, rule: &Rule) -> Result<(usize, Vec<String>)> {
        let mut statement = self.conn.prepare(&self.fill(rule, "SELECT {found}"))?;
        let mut rows = statement.query([])?;
        let (mut count, mut ids) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            count += 1;
            if ids.len() < NAMED {
                // A board lets the id of a card be NULL.
                let id: Option<String> = row.get(0)?;
                ids.push(id.unwrap_or_else(|| "NULL".into()));
            }
        }
        Ok((count, ids))
    }
}

/// Everything that does not hold between the rows.
pub fn look(conn: &Connection, now: Seconds) -> Result<Vec<Finding>> {
    let board = Board::new(conn, now)?;
    let mut found = Vec::new();
    for rule in &RULES {
        if !board.can_ask(rule)? {
            continue;
        }
        let (count, ids) = board.ask(rule)?;
        if count > 0 {
            found.push(finding(rule, count, ids));
        }
    }
    found.extend(cycles::look(conn)?);
    Ok(found)
}

fn finding(rule: &Rule, count: usize, ids: Vec<String>) -> Finding {
    Finding {
        rule: rule.name,
        severity: rule.severity,
        count,
        ids,
        what: rule.what.to_owned(),
        advice: match rule.mend {
            [] => rule.advice.to_owned(),
            _ => format!("kanban check --fix {}", rule.advice),
        },
        fixable: !rule.mend.is_empty(),
        fixed: 0,
    }
}

/// Mends what can be, a transaction for each finding, and says in each how many of it are gone.
pub fn mend(store: &mut Store, found: &mut [Finding], now: Seconds) -> Result<()> {
    for finding in found.iter_mut().filter(|f| f.fixable) {
        let Some(rule) = RULES.iter().find(|rule| rule.name == finding.rule) else {
            continue;
        };
        let left = store.write(&format!("mending {}", rule.name), |tx| {
            let board = Board::new(tx, now)?;
            for statement in rule.mend {
                tx.execute_batch(&board.fill(rule, statement))?;
            }
            board.ask(rule)
        })?;
        finding.fixed = finding.count.saturating_sub(left.0);
        if left.0 > 0 {
            finding.ids = left.1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_says_is_told_apart() {
        let of = |lines: &[&str]| Integrity::of(lines.iter().map(|l| (*l).to_owned()).collect());
        assert!(matches!(of(&["ok"]), Integrity::Sound));
        assert!(matches!(of(&[]), Integrity::Damaged(_)));
        assert!(matches!(
            of(&[
                "row 3 missing from index idx_tasks_status",
                "wrong # of entries in index x"
            ]),
            Integrity::Indexes(_)
        ));
        assert!(matches!(
            of(&[
                "row 3 missing from index x",
                "Tree 4 page 7: btreeInitPage() returns error code 11"
            ]),
            Integrity::Damaged(_)
        ));
    }

    #[test]
    fn every_rule_can_be_asked_and_its_mending_can_be_done_on_a_sound_board() {
        let mut conn = Connection::open_in_memory().unwrap();
        schema::create_shared(&conn).unwrap();
        // A board that was never ticked here is one too.
        assert!(look(&conn, 5).unwrap().is_empty());
        schema::migrate(&mut conn).unwrap();
        assert!(look(&conn, 5).unwrap().is_empty());
        let board = Board::new(&conn, 5).unwrap();
        for (i, rule) in RULES.iter().enumerate() {
            assert!(RULES[..i].iter().all(|r| r.name != rule.name));
            assert!(board.can_ask(rule).unwrap(), "{}", rule.name);
            for statement in rule.mend {
                conn.execute_batch(&board.fill(rule, statement))
                    .unwrap_or_else(|e| panic!("{}: {e}", rule.name));
            }
        }
    }
}

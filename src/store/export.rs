//! The rows of a board as they leave it and come back: whole, whatever is in them.
//!
//! Which columns there are is asked of the file, so what a newer program added is carried along, and what an older
//! one did not have is read as its default. Nothing here is changed: that is [`super::import`].

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rusqlite::Connection;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use serde::{Deserialize, Serialize};

use super::schema;

/// The tables that are carried, and the order of their rows. What is missing is about this machine, about messages
/// (whoever restores a board must not tell everybody everything again), or about the file itself.
pub(super) const TABLES: [(&str, &str); 13] = [
    ("tasks", "rowid"),
    ("task_links", "rowid"),
    ("task_comments", "id"),
    ("task_events", "id"),
    ("task_runs", "id"),
    ("task_attachments", "id"),
    ("kanban_notify_subs", "rowid"),
    ("tick_cards", "task_id"),
    ("tick_links", "child_id, parent_id"),
    ("tick_runs", "run_id"),
    ("tick_late_results", "id"),
    ("tick_pauses", "worker"),
    ("tick_subscriptions", "task_id, channel, address, thread"),
];

/// What a run's worker shows to report for itself. Whoever can read a file must not be able to speak for a worker.
const SECRET: (&str, &str) = ("tick_runs", "token");

/// A value of a column. Integers and texts are plain JSON; what JSON has no place for says what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Other(Other),
}

/// A value that is no JSON value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// A number with a fraction, in decimal digits that read back as the same number.
    Real(String),
    /// Bytes, in Base64.
    Blob(String),
    /// A text that is no UTF-8, in Base64.
    Text(String),
}

impl From<ValueRef<'_>> for Cell {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Other(Other::Real(format!("{number:?}"))),
            ValueRef::Blob(bytes) => Self::Other(Other::Blob(BASE64_STANDARD.encode(bytes))),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Other(Other::Text(BASE64_STANDARD.encode(bytes))),
            },
        }
    }
}

/// What a cell is for SQLite. A text that is no UTF-8 goes as its bytes; [`Cell::sql`] makes a text of them again.
impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
            rusqlite::Error::ToSqlConversionFailure(e)
        };
        let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|e| wrong(e.into()));
        Ok(ToSqlOutput::Owned(match self {
            Self::Null => Value::Null,
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => return Ok(text.as_str().into()),
            Self::Other(Other::Real(digits)) => Value::Real(
                digits
                    .parse()
                    .map_err(|e: std::num::ParseFloatError| wrong(e.into()))?,
            ),
            Self::Other(Other::Blob(text) | Other::Text(text)) => Value::Blob(bytes(text)?),
        }))
    }
}

impl Cell {
    /// The expression that stores it, given its placeholder.
    pub(super) fn sql(&self, placeholder: usize) -> String {
        match self {
            Self::Other(Other::Text(_)) => format!("CAST(?{placeholder} AS TEXT)"),
            _ => format!("?{placeholder}"),
        }
    }
}

/// Columns that this program does not know, by table: their names and their kinds.
pub type Strange = BTreeMap<String, BTreeMap<String, Affinity>>;

/// What SQLite makes of the values of a column (sqlite.org/datatype3.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

impl Affinity {
    /// By the rules for a declared type, in their order.
    fn of(declared: &str) -> Self {
        let declared = declared.to_uppercase();
        let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if has(&["INT"]) => Self::Integer,
            () if has(&["CHAR", "CLOB", "TEXT"]) => Self::Text,
            () if has(&["BLOB"]) || declared.is_empty() => Self::Blob,
            () if has(&["REAL", "FLOA", "DOUB"]) => Self::Real,
            () => Self::Numeric,
        }
    }

    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
            Self::Real => "REAL",
            Self::Numeric => "NUMERIC",
        }
    }
}

/// The columns of a new board's tables, each with what a missing one is read as.
pub(super) struct Known(BTreeMap<&'static str, Vec<(String, String)>>);

impl Known {
    pub(super) fn new() -> Result<Self> {
        let mut blank = Connection::open_in_memory()?;
        schema::create_shared(&blank)?;
        schema::migrate(&mut blank)?;
        let mut statement = blank
            .prepare("SELECT name, coalesce(dflt_value, 'NULL') FROM pragma_table_info(?1)")?;
        let mut all = BTreeMap::new();
        for (table, _) in TABLES {
            let rows = statement.query_map([table], |r| Ok((r.get(0)?, r.get(1)?)))?;
            all.insert(table, rows.collect::<rusqlite::Result<_>>()?);
        }
        Ok(Self(all))
    }

    pub(super) fn of(&self, table: &str) -> &[(String, String)] {
        self.0.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The columns that this file has beyond those that we know.
pub fn strange(conn: &Connection) -> Result<Strange> {
    let all_known = Known::new()?;
    let mut all = Strange::new();
    for (table, _) in TABLES {
        let known = all_known.of(table);
        let mut statement = conn.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
        let rows = statement.query_map([table], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))
        })?;
        for row in rows {
            let (name, declared) = row?;
            if !known.iter().any(|(known, _)| *known == name) {
                let columns = all.entry(table.to_owned()).or_default();
                columns.insert(name, Affinity::of(&declared));
            }
        }
    }
    Ok(all)
}

/// The highest number that each table gave a row, even if that row is gone: cursors of readers may be there.
pub fn sequences(conn: &Connection) -> Result<BTreeMap<String, i64>> {
    let mut statement = conn.prepare("SELECT name, seq FROM sqlite_sequence")?;
    let rows = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get(1)?)))?;
    let mut all: BTreeMap<String, i64> = rows.collect::<rusqlite::Result<_>>()?;
    all.retain(|name, _| TABLES.iter().any(|(table, _)| table == name));
    Ok(all)
}

/// Hands out every row, one after the other: the table, the names of its columns, and the values.
pub fn rows(
    conn: &Connection,
    strange: &Strange,
    mut each: impl FnMut(&str, &[String], &[Cell]) -> Result<()>,
) -> Result<()> {
    let known = Known::new()?;
    for (table, order) in TABLES {
        let present = schema::columns(conn, table)?;
        if present.is_empty() {
            continue;
        }
        let mut columns = Vec::new();
        let mut names = Vec::new();
        for (name, default) in known.of(table) {
            columns.push(match present.contains(name) {
                _ if (table, name.as_str()) == SECRET => format!("'' AS {}", quoted(name)),
                true => quoted(name),
                false => format!("{default} AS {}", quoted(name)),
            });
            names.push(name.clone());
        }
        for name in strange.get(table).into_iter().flat_map(BTreeMap::keys) {
            columns.push(quoted(name));
            names.push(name.clone());
        }
        let sql = format!(
            "SELECT {} FROM {table} ORDER BY {order}",
            columns.join(", ")
        );
        let mut statement = conn.prepare(&sql)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let cells = (0..names.len())
                .map(|i| Ok(row.get_ref(i)?.into()))
                .collect::<rusqlite::Result<Vec<Cell>>>()?;
            each(table, &names, &cells).with_context(|| format!("cannot export {table}"))?;
        }
    }
    Ok(())
}

/// A name of a column as SQL takes any name.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_table_is_carried_or_left_for_a_reason() {
        let left = [
            // Of the file itself: versions and cursors, which a new board has of its own.
            "tick_meta",
            "sqlite_sequence",
            // Of this machine.
            "tick_last",
            "tick_lanes",
            // What is to be told is told by the board that it happened on.
            "tick_notices",
            "tick_deliveries",
            "tick_targets",
        ];
        let mut conn = Connection::open_in_memory().unwrap();
        schema::create_shared(&conn).unwrap();
        schema::migrate(&mut conn).unwrap();
        let mut statement = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let all: Vec<String> = statement
            .query_map([], |r| r.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let mut named: Vec<&str> = TABLES.iter().map(|(table, _)| *table).chain(left).collect();
        named.sort_unstable();
        assert_eq!(all, named);
    }

    #[test]
    fn kinds_of_columns_are_those_of_sqlite() {
        for (declared, kind) in [
            ("BIGINT", Affinity::Integer),
            ("varchar(10)", Affinity::Text),
            ("", Affinity::Blob),
            ("DOUBLE PRECISION", Affinity::Real),
            ("DATETIME", Affinity::Numeric),
        ] {
            assert_eq!(Affinity::of(declared), kind, "{declared}");
        }
    }

    fn stored() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            // SQLite keeps no NaN.
            any::<f64>()
                .prop_filter("a number", |n| !n.is_nan())
                .prop_map(Value::Real),
            any::<String>().prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Blob),
        ]
    }

    proptest! {
        #[test]
        fn any_value_comes_back(value in stored(), odd in proptest::collection::vec(any::<u8>(), 0..9)) {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE TABLE t (x)").unwrap();
            conn.execute("INSERT INTO t VALUES (?1), (CAST(?2 AS TEXT))", rusqlite::params![value, odd]).unwrap();
            let all = || -> Vec<Cell> {
                let mut statement = conn.prepare("SELECT x FROM t").unwrap();
                let rows = statement.query_map([], |r| Ok(r.get_ref(0)?.into())).unwrap();
                rows.collect::<rusqlite::Result<_>>().unwrap()
            };
            let before = all();
            let text = serde_json::to_string(&before).unwrap();
            let read: Vec<Cell> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &before);
            conn.execute("DELETE FROM t", []).unwrap();
            for cell in &read {
                conn.execute(&format!("INSERT INTO t VALUES ({})", cell.sql(1)), [cell]).unwrap();
            }
            prop_assert_eq!(all(), before);
        }
    }
}

//! Reading the columns of a row one after the other.
//!
//! SQLite looks a name up among all names of a row; where a row has forty, that is most of the work of reading it.

use rusqlite::Row;
use rusqlite::types::FromSql;

/// The columns of a row that are still to be read.
pub struct Fields<'r> {
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Fields<'r> {
    pub fn of(row: &'r Row<'r>) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.at);
        self.at += 1;
        value
    }

    /// The next column, a list that is kept as a JSON array of strings. What is none is read as empty.
    pub fn strings(&mut self) -> rusqlite::Result<Vec<String>> {
        let text: Option<String> = self.next()?;
        Ok(text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }
}

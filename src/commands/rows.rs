//! Printing what may be more than should be held in memory, page by page.
//!
//! No transaction is open while something is written: whoever reads the pipe, a pager perhaps, may take hours, and as
//! long as anybody reads from the log of a board no tick can empty it. So a long list is of one moment only in which
//! rows it has and in which order; what is on them is read with their page.

use std::io::Write;
use std::ops::ControlFlow;

use anyhow::Result;
use serde::Serialize;

use super::Session;
use crate::render::style::Style;
use crate::render::table::{Cell, Table};
use crate::render::{self, JsonList};
use crate::store::Snapshot;

/// A page is written once it has so many bytes.
const PAGE: usize = 65_536;

/// Whether a page takes more.
pub fn room(page: &str) -> ControlFlow<()> {
    match page.len() < PAGE {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    }
}

/// Writes what `fill` puts on page after page, until it leaves one with room.
pub fn pages(
    session: &Session,
    what: &str,
    out: &mut dyn Write,
    mut fill: impl FnMut(&Snapshot, &mut String) -> Result<()>,
) -> Result<()> {
    loop {
        let mut page = String::new();
        session.read(what, |conn| fill(conn, &mut page))?;
        out.write_all(page.as_bytes())?;
        if room(&page).is_continue() {
            return Ok(());
        }
    }
}

/// What shows rows by their numbers, until it is told that it is enough.
type Each<T> = fn(
    &Snapshot,
    &mut dyn Iterator<Item = i64>,
    &mut dyn FnMut(T) -> Result<ControlFlow<()>>,
) -> Result<()>;

/// Rows of the board that are to be printed.
pub struct Rows<'a, T> {
    pub session: &'a Session,
    /// What is attempted, for the error.
    pub what: &'a str,
    pub numbers: &'a [i64],
    pub each: Each<T>,
}

impl<T> Rows<'_, T> {
    fn write(
        &self,
        out: &mut dyn Write,
        mut put: impl FnMut(T, &mut String) -> Result<()>,
    ) -> Result<()> {
        let mut numbers = self.numbers.iter().copied();
        pages(self.session, self.what, out, |conn, page| {
            (self.each)(conn, &mut numbers, &mut |row| {
                put(row, page)?;
                Ok(room(page))
            })
        })
    }

    /// As a list of JSON.
    pub fn print_json(&self) -> Result<()>
    where
        T: Serialize,
    {
        render::stream(|out| {
            self.write_json(JsonList::default(), out)?;
            Ok(out.write_all(b"\n")?)
        })
    }

    /// As a list of JSON within something that is being written.
    pub fn write_json(&self, mut list: JsonList, out: &mut dyn Write) -> Result<()>
    where
        T: Serialize,
    {
        self.write(out, |row, page| list.push(page, &row))?;
        Ok(out.write_all(list.end().as_bytes())?)
    }

    /// As lines.
    pub fn print_lines(&self, line: impl Fn(T) -> Result<String>) -> Result<()> {
        render::stream(|out| {
            self.write(out, |row, page| {
                page.push_str(&line(row)?);
                Ok(())
            })
        })
    }

    /// As a table. Without rows nothing is printed.
    pub fn print_table<const N: usize>(
        &self,
        mut table: Table,
        cells: impl Fn(T) -> [Cell; N],
    ) -> Result<()> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        // The width of a column is that of its widest cell, so that all rows are gone over twice: first as they lie in
        // the file, which is faster.
        let mut numbers = self.numbers.to_vec();
        numbers.sort_unstable();
        self.session.read(self.what, |conn| {
            (self.each)(conn, &mut numbers.into_iter(), &mut |row| {
                table.measure(cells(row));
                Ok(ControlFlow::Continue(()))
            })
        })?;
        let style = Style::stdout();
        let layout = table.layout(&style);
        render::stream(|out| {
            out.write_all(layout.headers().as_bytes())?;
            self.write(out, |row, page| {
                page.push_str(&layout.row(cells(row)));
                Ok(())
            })
        })
    }
}

//! What `kanban timer` has done, or would do, for people and for programs.

use anyhow::Result;
use serde::Serialize;

use super::Kind;
use crate::board::id::Slug;
use crate::commands::Global;
use crate::hosts::Ticked;
use crate::render::{self, escape};

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub struct Done {
    /// The board. `None`: all of them.
    pub board: Option<Slug>,
    /// What runs the ticks. `None`: nothing was found to be removed.
    pub kind: Option<Kind>,
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Paths and texts that were written.
    pub written: Vec<Written>,
    /// What was taken away.
    pub removed: Vec<String>,
    /// Commands that were run.
    pub ran: Vec<String>,
    /// Commands that somebody still has to run, as nobody could be told from here.
    pub to_run: Vec<String>,
    /// What else the reader should know.
    pub notes: Vec<String>,
}

/// A file, or a block of the crontab.
#[derive(Debug, Serialize)]
pub struct Written {
    /// Where it is.
    pub path: String,
    /// What is in it.
    pub text: String,
}

impl Done {
    /// Nothing yet.
    pub fn new(ticked: &Ticked, kind: Option<Kind>) -> Self {
        Self {
            board: ticked.board().cloned(),
            kind,
            dry_run: false,
            written: Vec::new(),
            removed: Vec::new(),
            ran: Vec::new(),
            to_run: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn text(&self) -> String {
        let (wrote, ran) = match self.dry_run {
            true => ("would write", "would run"),
            false => ("wrote", "ran"),
        };
        let mut out = String::new();
        for file in &self.written {
            out += &format!("{wrote} {}\n", escape::line(&file.path));
            if self.dry_run {
                let block = escape::block(&file.text);
                let lines = block.lines().map(|line| match line {
                    "" => "\n".to_owned(),
                    line => format!("    {line}\n"),
                });
                out.extend(lines);
            }
        }
        for path in &self.removed {
            out += &format!("removed {}\n", escape::line(path));
        }
        for command in &self.ran {
            out += &format!("{ran} {}\n", escape::line(command));
        }
        if !self.to_run.is_empty() {
            out += "nobody who reads such files answers here; where somebody does, run:\n";
        }
        for command in &self.to_run {
            out += &format!("    {}\n", escape::line(command));
        }
        out
    }

    /// Says it.
    pub fn print(&self, global: &Global) -> Result<()> {
        if global.json {
            return render::print(&render::json(self)?);
        }
        for note in &self.notes {
            render::print_err(&format!("kanban: note: {}", escape::line(note)));
        }
        render::print(&self.text())
    }
}

//! `kanban attachments`

use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{Global, Session};
use crate::board::id::CardRef;
use crate::render;
use crate::render::style::Style;
use crate::render::table::Table;
use crate::store::attachments::{self, Attachment};
use crate::store::tasks;
use crate::time;

/// List the files that are attached to a card, and where they are
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban attachments t_1a2b3c4d"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
}

/// A file as the list has it.
#[derive(Debug, Serialize)]
pub struct Listed {
    #[serde(flatten)]
    pub attachment: Attachment,
    /// Somebody took the file away.
    pub missing: bool,
}

impl Listed {
    /// Looks whether the file is there.
    pub fn look(attachment: Attachment) -> Self {
        Self {
            missing: !Path::new(&attachment.stored_path).is_file(),
            attachment,
        }
    }

    /// How large it is, for people.
    pub fn size(&self) -> String {
        match self.missing {
            true => "missing".into(),
            false => render::size(self.attachment.size.unsigned_abs()),
        }
    }
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let session = Session::open(global)?;
    let rows = session.read("cannot list the attachments", |conn| {
        let card = tasks::get(conn, &tasks::find(conn, &args.id)?)?.id;
        attachments::of(conn, &card)
    })?;
    let files: Vec<Listed> = rows.into_iter().map(Listed::look).collect();
    if global.json {
        return render::print(&render::json(&files)?);
    }
    if files.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&["N", "NAME", "SIZE", "BY", "WHEN", "PATH"])
        .right(0)
        .right(2);
    for file in files {
        let size = file.size();
        let row = file.attachment;
        table.row([
            row.id.to_string(),
            row.filename,
            size,
            row.uploaded_by.unwrap_or_else(|| "-".into()),
            time::local(row.created_at),
            row.stored_path,
        ]);
    }
    render::print(&table.render(&Style::stdout()))
}

//! The options of every subcommand.

use std::path::PathBuf;

use crate::board::id::Slug;

const HEADING: &str = "Global options";

/// Options of every subcommand.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// The board; a home with one board needs none
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "KANBAN_BOARD", hide_env_values = true, help_heading = HEADING
    )]
    pub board: Option<Slug>,
    /// The configuration file [default: see Files in kanban --help]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true, help_heading = HEADING)]
    pub json: bool,
}

//! The program. Everything it does is in the library; only this file exits.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kanban::main(std::env::args_os().collect()))
}

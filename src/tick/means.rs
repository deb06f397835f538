//! What channels get of this machine: a client for HTTP, and programs that are run.

use std::io::ErrorKind;
use std::path::Path;

use crate::config::{self, Board, Config, PrivateAddresses};
use crate::delivery::http::{Http, Private};
use crate::delivery::wire::{End, Ended, Program};
use crate::worker::errand::{Errand, How};

/// The client that the configuration asks for.
pub fn client(config: &Config) -> Result<Http, String> {
    let private = match config.delivery().private_addresses {
        PrivateAddresses::Allow => Private::Allow,
        PrivateAddresses::Deny => Private::Deny,
    };
    let http = Http::new(private);
    match config.ca_file() {
        None => Ok(http),
        Some(file) => http
            .trusting(file)
            .map_err(|why| format!("delivery.ca_file: {why}")),
    }
}

/// Runs the program of a channel, with the environment of that channel, in the folder of the board.
pub fn run_program(board: &Board, channel: &config::Channel, program: &Program) -> Ended {
    let mut env = channel.env.clone();
    env.extend(
        program
            .env
            .iter()
            .map(|(name, value)| (name.into(), value.into())),
    );
    // The folder of a board that Hermes made need not be there yet; that of its database is.
    let folder = match board.dir.is_dir() {
        true => board.dir.clone(),
        false => board.db.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let done = Errand {
        command: &program.command,
        input: &program.input,
        env: env.into_iter().collect(),
        dir: Some(&folder),
        timeout: program.timeout,
    }
    .run();
    if let How::NotStarted(why) = &done.how {
        let how = match why {
            // As a shell says it: nothing will come of another try.
            ErrorKind::PermissionDenied => End::Exit(126),
            _ => End::NotStarted,
        };
        let said = why.to_string();
        return Ended { how, said };
    }
    let how = match done.how {
        How::Exit(code) => End::Exit(code),
        How::Signal(signal) => End::Signal(signal),
        How::OverTime => End::OverTime,
        How::NotFound => End::NotFound,
        How::NotStarted(_) => End::NotStarted,
    };
    // A secret is on the standard output; what went wrong is mostly on the other.
    let said = match (how, done.stdout.is_empty()) {
        (End::Exit(0), false) => done.stdout,
        _ if !done.stderr.is_empty() => done.stderr,
        _ => done.stdout,
    };
    Ended {
        how,
        said: String::from_utf8_lossy(&said).into_owned(),
    }
}

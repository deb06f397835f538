//! The least that starts programs which outlive it: `detached N PROGRAM` starts so many with posix_spawn, each in a
//! session of its own and with its streams at /dev/null, waits for none, and ends.
//!
//! It keeps nothing: no lock, no claim, no log, nobody who hears how they end. That is what a tick adds, and what is
//! compared. posix_spawn is the cheapest way there is here; its cost does not grow with the memory of the parent.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::ExitCode;

use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};

/// POSIX_SPAWN_SETSID, which is not in every C library's headers.
const OWN_SESSION: i16 = if cfg!(target_os = "macos") {
    0x400
} else {
    0x80
};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(Ok(count)), Some(program)) = (args.next().map(|n| n.parse::<usize>()), args.next())
    else {
        eprintln!("usage: detached N PROGRAM");
        return ExitCode::from(2);
    };
    match start(count, &program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(count: usize, program: &str) -> Result<(), Box<dyn std::error::Error>> {
    let program = CString::new(program)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let mut streams = PosixSpawnFileActions::init()?;
    for stream in 0..3 {
        streams.add_dup2(null.as_raw_fd(), stream)?;
    }
    let mut how = PosixSpawnAttr::init()?;
    how.set_flags(PosixSpawnFlags::from_bits_retain(OWN_SESSION.into()))?;
    let variables: Vec<CString> = std::env::vars()
        .filter_map(|(name, value)| CString::new(format!("{name}={value}")).ok())
        .collect();
    for _ in 0..count {
        posix_spawnp(&program, &streams, &how, &[&program], &variables)?;
    }
    Ok(())
}

//! The least that a tick could do: open a board, read one row by an index, perhaps commit one write,
//! checkpoint, close. `bare BOARD [write]`
//!
//! It opens the file as the program does, so that what the program adds is what is compared.

use std::process::ExitCode;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(path) = args.next() else {
        eprintln!("usage: bare BOARD [write]");
        return ExitCode::from(2);
    };
    match run(&path, args.next().is_some()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(path: &str, write: bool) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut board = Connection::open_with_flags(path, flags)?;
    board.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    board.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")?;
    board.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'ready' LIMIT 1)",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    if write {
        let tx = board.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute(
            "INSERT INTO task_comments (task_id, author, body, created_at) VALUES ('t_00000000', 'bare', 'x', 0)",
            [],
        )?;
        return tx.commit();
    }
    board.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

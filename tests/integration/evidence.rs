//! What proves that a run is over, or alive, on a board that was restored, copied or moved, where the ids of the machine
//! changed or cannot be read, and where the process table cannot be read.

use std::path::Path;
use std::process::Command;

use crate::harness::{Home, PROGRAM, Run, text};
use crate::kills::strace_works;
use crate::liveness::Mode::{Guard, Unguarded};
use crate::liveness::{self, CLOSES_SESSION, end, guard_of, kill, nap, sleepers, start};

fn outcomes(home: &Home, card: &str) -> Vec<String> {
    let outcome = |run: &serde_json::Value| run["outcome"].as_str().unwrap_or("open").to_owned();
    home.runs(card).iter().map(outcome).collect()
}

/// Whether root may mount file systems in a namespace of its own. In CI, it must.
fn mounts() -> bool {
    let tried = Command::new("unshare").args(["--mount", "true"]).output();
    let permitted = tried.is_ok_and(|output| output.status.success());
    if !permitted {
        let required = std::env::var_os("CI").is_some() && rustix::process::geteuid().is_root();
        assert!(!required, "root cannot create a mount namespace");
        eprintln!("skipped: no mount namespace can be created here");
    }
    permitted
}

/// Runs the program where another file system is mounted over a folder.
fn with_mount(home: &Home, mount: &str, args: &str) -> Run {
    let kanban = format!("{mount} && exec \"$KANBAN\" {args}");
    let quoted = kanban.replace('\'', r"'\''");
    home.sh(&format!("exec unshare --mount sh -c '{quoted}'"))
}

/// Ticks and checks that no second worker starts while the first one lives.
fn stays_alone(home: &Home, nap: &str, first: &[i32]) {
    for _ in 0..3 {
        home.kanban(&["tick"]);
        assert_eq!(sleepers(nap), first);
    }
}

fn next_run_works_alone(home: &Home, nap: &str, first: &[i32]) {
    home.wait_until("the next run is at work alone", || {
        home.kanban(&["tick"]);
        let asleep = sleepers(nap);
        assert!(asleep.len() <= 1, "two workers: {asleep:?}");
        asleep.len() == 1 && asleep != first
    });
}

/// Copies the board aside, starts its card, and puts the copy in the place of the live file.
fn copied_back(kill_supervisor: bool) -> (Home, String, Vec<i32>) {
    let nap = nap();
    let home = liveness::home(Unguarded, &CLOSES_SESSION.replace("NAP", &nap));
    home.create("card", "w", &[]);
    home.ok(&["backup", "copy.db"]);
    let supervisor = start(&home, &nap);
    let first = sleepers(&nap);
    if kill_supervisor {
        kill(guard_of(supervisor));
        kill(supervisor);
    }
    home.sh("cd boards/default && rm -f kanban.db-wal kanban.db-shm && cp ../../copy.db kanban.db")
        .expect(0);
    (home, nap, first)
}

#[test]
fn board_copied_over_a_live_one_starts_no_second_worker_beside_a_supervised_one() {
    let (home, nap, first) = copied_back(false);
    let card = text(&home.json(&["list"])[0]["id"]);
    assert_eq!(
        home.status(&card),
        "ready",
        "the copy does not know the run"
    );
    stays_alone(&home, &nap, &first);
    let why = text(&home.json(&["why", &card])["why"]);
    assert!(why.contains("a run that the board does not know"), "{why}");
    kill(i64::from(first[0]));
    next_run_works_alone(&home, &nap, &first);
    end(&home, &nap);
}

#[test]
fn board_copied_over_a_live_one_ends_the_orphans_of_a_run_that_it_does_not_know() {
    let (home, nap, first) = copied_back(true);
    next_run_works_alone(&home, &nap, &first);
    end(&home, &nap);
}

/// The numbers of runs start again on such a board, so another card may get the number of the run that is alive.
#[test]
fn board_copied_over_a_live_one_reuses_no_state_of_a_run_with_the_same_number() {
    let (home, nap, first) = copied_back(false);
    let other = home.create("other", "w", &[]);
    home.wait_until("the other card is at work", || {
        home.kanban(&["tick"]);
        home.status(&other) == "running" && sleepers(&nap).len() == 2
    });
    assert_eq!(home.runs(&other)[0]["id"], 1, "the number is used again");
    kill(i64::from(first[0]));
    home.wait_until("the first run has ended", || {
        !sleepers(&nap).contains(&first[0])
    });
    assert_eq!(outcomes(&home, &other), ["open"]);
    home.ok(&["pause"]);
    end(&home, &nap);
}

/// The board changes under a tick that has listed the folders of runs: it starts nothing.
#[test]
fn board_restored_under_a_tick_starts_nothing_in_that_tick() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Guard, &CLOSES_SESSION.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    start(&home, &nap);
    let first = sleepers(&nap);
    let other = home.create("other", "w", &[]);
    let mut tick = home.command("strace");
    let mut tick = tick
        .args(["-o", "/dev/null", "-e", "inject=mkdir:delay_exit=2000000"])
        .args([PROGRAM, "tick"])
        .spawn()
        .unwrap();
    home.wait_until_seen("the tick has created a folder", || {
        std::fs::read_dir(home.board("runs")).unwrap().count() == 2
    });
    home.change(
        "DELETE FROM tick_runs; DELETE FROM task_runs;
         UPDATE tasks SET status = 'ready', claim_lock = NULL, claim_expires = NULL, current_run_id = NULL",
    );
    assert!(!tick.wait().unwrap().success());
    assert_eq!(sleepers(&nap), first);
    let open = "SELECT count(*) FROM tick_runs";
    assert_eq!(home.sql::<i64>(open), 0, "nothing was claimed");
    home.wait_until("the other card is at work", || {
        home.kanban(&["tick"]);
        home.status(&other) == "running" && sleepers(&nap).len() == 2
    });
    assert_eq!(home.status(&card), "ready", "its run is alive");
    home.ok(&["pause"]);
    kill(i64::from(first[0]));
    end(&home, &nap);
}

#[test]
fn home_renamed_during_a_run_records_the_end_at_the_new_place() {
    let home = Home::new(
        r#"
[workers.w]
command = ["sh", "-c", 'echo x >> "$1"; for n in $(seq 1500); do [ ! -e "$2" ] || break; sleep 0.02; done', "w", "{ran}", "{go}"]
"#,
    );
    let mark = |name: &str| format!("{}-{name}", home.path().display());
    let (ran, go) = (mark("ran"), mark("go"));
    let config = home.path().join("config.toml");
    let filled = std::fs::read_to_string(&config).unwrap();
    let filled = filled.replace("{ran}", &ran).replace("{go}", &go);
    std::fs::write(&config, filled).unwrap();
    let card = home.create("card", "w", &[]);
    home.ok(&["tick"]);
    home.wait_until("the worker is at work", || Path::new(&ran).exists());
    let moved = home.path().with_extension("moved");
    std::fs::rename(home.path(), &moved).unwrap();
    let tick = |args: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.env("KANBAN_HOME", &moved).current_dir(&moved);
        let output = command.args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    tick(&["tick"]);
    let runs: serde_json::Value = serde_json::from_str(&tick(&["runs", &card, "--json"])).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 1);
    assert!(runs[0]["outcome"].is_null(), "{runs}");
    std::fs::write(&go, "").unwrap();
    home.wait_until_seen("the end is recorded at the new place", || {
        tick(&["tick"]);
        let page: serde_json::Value =
            serde_json::from_str(&tick(&["show", &card, "--json"])).unwrap();
        page["task"]["status"] == "done"
    });
    assert_eq!(std::fs::read_to_string(&ran).unwrap(), "x\n", "it ran once");
    assert!(!home.path().exists(), "nothing is created at the old place");
    std::fs::rename(&moved, home.path()).unwrap();
    for file in [ran, go] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn held_run_lock_means_alive_whatever_machine_the_row_names_and_however_old_its_lease() {
    let nap = nap();
    let home = liveness::home(Guard, &CLOSES_SESSION.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    start(&home, &nap);
    let first = sleepers(&nap);
    home.change(
        "UPDATE tick_runs SET host = 'another', boot = 'another', pid_namespace = 'pid:[1]';
         UPDATE tasks SET claim_expires = 1; UPDATE task_runs SET claim_expires = 1",
    );
    stays_alone(&home, &nap, &first);
    assert_eq!(outcomes(&home, &card), ["open"]);
    end(&home, &nap);
}

#[test]
fn record_or_free_lock_in_our_folder_ends_the_run_whatever_machine_the_row_names() {
    for columns in [
        "host = 'another'",
        "boot = 'another'",
        "boot = ''",
        "host = 'another', boot = '', pid_namespace = ''",
    ] {
        for kills in [false, true] {
            let nap = nap();
            let home = liveness::home(Unguarded, &format!(r#"["sleep", "{nap}"]"#));
            let card = home.create("card", "w", &[]);
            let supervisor = start(&home, &nap);
            home.ok(&["pause"]);
            let first = i64::from(sleepers(&nap)[0]);
            home.change(&format!(
                "UPDATE tick_runs SET {columns}; UPDATE tasks SET claim_lock = 'another:1'"
            ));
            // Its namespace cannot be told then, and the lease has to expire.
            let expected = if kills && columns.contains("pid_namespace") {
                "open"
            } else if kills {
                kill(guard_of(supervisor));
                kill(supervisor);
                "lost"
            } else {
                kill(first);
                "crashed"
            };
            if expected != "open" {
                home.wait_until("the run is recorded", || {
                    home.kanban(&["tick"]);
                    outcomes(&home, &card) == [expected]
                });
            }
            end(&home, &nap);
        }
    }
}

/// One file about the machine cannot be read, at the claim or when the end is recorded.
#[test]
fn cards_get_done_where_an_id_of_the_machine_cannot_be_read() {
    if !strace_works() {
        return;
    }
    for (path, calls) in [
        ("/proc/sys/kernel/random/boot_id", "read,openat"),
        ("/etc/machine-id", "read,openat"),
        ("/proc/self/ns/pid", "readlink,readlinkat"),
    ] {
        let tick = |home: &Home| {
            let mut strace = home.command("strace");
            let fault = format!("inject={calls}:error=EIO");
            strace.args(["-f", "-o", "/dev/null", "-P", path, "-e", &fault]);
            strace.args([PROGRAM, "tick", "--wait", "--timeout", "20s"]);
            strace.output().unwrap()
        };
        // Once with the fault at the claim and at the end, once at the end alone.
        for claim_fails in [true, false] {
            let home = Home::new("[workers.w]\ncommand = [\"sh\", \"-c\", \"sleep 0.2\"]\n");
            let card = home.create("card", "w", &[]);
            if !claim_fails {
                home.ok(&["tick"]);
            }
            let out = tick(&home);
            assert!(out.status.success(), "{path}: {out:?}");
            assert_eq!(outcomes(&home, &card), ["completed"], "{path}");
        }
    }
}

#[test]
fn lost_run_of_another_pid_namespace_is_held_until_its_lease_expires() {
    let nap = nap();
    let home = liveness::home(Unguarded, &format!(r#"["sleep", "{nap}"]"#));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    home.ok(&["pause"]);
    home.change("UPDATE tick_runs SET pid_namespace = 'pid:[1]'");
    kill(guard_of(supervisor));
    kill(supervisor);
    home.wait_until("the reason is stated", || {
        home.kanban(&["tick"]);
        text(&home.json(&["why", &card])["why"]).contains("PID namespace")
    });
    assert_eq!(outcomes(&home, &card), ["open"]);
    // Time alone ends the wait, so it is no problem to report.
    home.ok(&["status"]);
    home.change("UPDATE tasks SET claim_expires = 1; UPDATE task_runs SET claim_expires = 1");
    home.kanban(&["tick"]);
    assert_eq!(outcomes(&home, &card), ["lost"]);
    assert!(home.runs(&card)[0]["error"].is_string());
    end(&home, &nap);
}

#[test]
fn orphan_is_held_with_the_reason_while_proc_is_empty() {
    if !mounts() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Unguarded, &CLOSES_SESSION.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    let first = sleepers(&nap);
    let worker = home.sql("SELECT worker_pid FROM tick_runs");
    kill(guard_of(supervisor));
    kill(supervisor);
    kill(worker);
    home.wait_until_seen("the supervisor is gone", || {
        !Path::new(&format!("/proc/{supervisor}")).exists()
    });
    let expire = "UPDATE tasks SET claim_expires = 1; UPDATE task_runs SET claim_expires = 1";
    for statement in ["", "", expire] {
        home.change(statement);
        with_mount(&home, "mount -t tmpfs none /proc", "tick");
        assert_eq!(sleepers(&nap), first);
        assert_eq!(outcomes(&home, &card), ["open"]);
    }
    let why = text(&home.json(&["why", &card])["why"]);
    assert!(why.contains("the process table cannot be read"), "{why}");
    next_run_works_alone(&home, &nap, &first);
    end(&home, &nap);
}

#[test]
fn orphans_are_ended_without_pidfd_open() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Unguarded, &CLOSES_SESSION.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    home.ok(&["pause"]);
    kill(guard_of(supervisor));
    kill(supervisor);
    home.wait_until("the run is lost", || {
        let mut tick = home.command("strace");
        tick.args(["-o", "/dev/null", "-e", "inject=pidfd_open:error=ENOSYS"]);
        tick.args([PROGRAM, "tick"]).output().unwrap();
        outcomes(&home, &card) == ["lost"]
    });
    assert_eq!(sleepers(&nap), [0; 0]);
}

const WORKS: &str = r#"
[defaults]
retry_delay = "0s"
[workers.w]
command = ["sh", "-c", 'echo x >> "$KANBAN_HOME/ran"']
"#;

/// A start that fails: the run names the reason, `status` reports a problem, and the card gets done after the repair.
fn failed_start_is_repaired(home: &Home, card: &str, reason: &str, repair: impl FnOnce()) {
    home.wait_until("the failed start is recorded", || {
        home.kanban(&["tick"]);
        outcomes(home, card)
            .first()
            .is_some_and(|outcome| outcome != "open")
    });
    let error = text(&home.runs(card)[0]["error"]);
    assert!(error.contains(reason), "{error}");
    home.wait_until("the status reports a problem", || {
        home.kanban(&["status"]).code == Some(1)
    });
    assert!(!home.path().join("ran").exists());
    repair();
    home.ok(&["resume", "w"]);
    home.quiet().expect(0);
    assert_eq!(home.status(card), "done");
    let ran = std::fs::read_to_string(home.path().join("ran")).unwrap();
    assert_eq!(ran, "x\n");
}

#[test]
fn start_without_a_log_folder_states_the_reason_and_works_after_repair() {
    let home = Home::new(WORKS);
    let card = home.create("card", "w", &[]);
    let logs = home.board("logs");
    let _ = std::fs::remove_dir_all(&logs);
    std::fs::write(&logs, "a file").unwrap();
    failed_start_is_repaired(&home, &card, "logs", || {
        std::fs::remove_file(&logs).unwrap()
    });
}

#[test]
fn start_without_a_writable_log_states_the_reason_and_works_after_repair() {
    let home = Home::new(WORKS);
    let card = home.create("card", "w", &[]);
    std::fs::create_dir_all(home.board("logs")).unwrap();
    let log = home.board(&format!("logs/{card}.log"));
    // A folder in the place of the file, which not even root can write to.
    std::fs::create_dir(&log).unwrap();
    failed_start_is_repaired(&home, &card, "cannot open the log", || {
        std::fs::remove_dir(&log).unwrap();
    });
}

#[test]
fn start_on_a_full_disk_loses_nothing_and_works_after_repair() {
    if !strace_works() {
        return;
    }
    // The calls that need room: of the run's folder, of its files, and of the exit record.
    for call in ["mkdir", "fallocate", "mknodat"] {
        let home = Home::new(WORKS);
        let card = home.create("card", "w", &[]);
        let mut tick = home.command("strace");
        tick.args(["-f", "-o", "/dev/null", "-e"])
            .arg(format!("inject={call}:error=ENOSPC"))
            .args([PROGRAM, "tick"])
            .output()
            .unwrap();
        home.wait_until("the start is recorded or was not begun", || {
            home.kanban(&["tick"]);
            !outcomes(&home, &card).contains(&"open".to_owned())
        });
        let runs = home.runs(&card);
        let completed = outcomes(&home, &card).contains(&"completed".to_owned());
        if let (Some(run), false) = (runs.first(), completed) {
            let error = text(&run["error"]);
            assert!(error.contains("No space left"), "{call}: {error}");
        }
        home.kanban(&["resume", "w"]);
        home.quiet().expect(0);
        assert_eq!(home.status(&card), "done", "{call}");
        let ran = std::fs::read_to_string(home.path().join("ran")).unwrap();
        assert_eq!(ran, "x\n", "{call}");
    }
}

#[test]
fn card_gets_done_without_dev() {
    if !mounts() {
        return;
    }
    let home = Home::new(WORKS);
    let card = home.create("card", "w", &[]);
    with_mount(
        &home,
        "mount -t tmpfs none /dev",
        "tick --wait --timeout 20s",
    )
    .expect(0);
    assert_eq!(outcomes(&home, &card), ["completed"]);
}

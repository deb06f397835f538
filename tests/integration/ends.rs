//! How runs end, and what that does to their cards: each with a real process.

use crate::harness::{Home, text};
use crate::kills::processes_of;

fn home(workers: &str) -> Home {
    Home::new(&format!(
        "[defaults]\nretry_delay = \"1s\"\ntempfail_delay = \"1s\"\n{workers}"
    ))
}

fn worker(name: &str, script: &str) -> String {
    format!("[workers.{name}]\ncommand = [\"sh\", \"-c\", '''{script}''']\ngrace = \"1s\"\n")
}

#[test]
fn exit_0_is_done_and_the_last_line_is_the_result() {
    let home = home(&worker("w", "echo first; echo the answer is 42; echo"));
    let id = home.create("a", "w", &[]);
    home.quiet().expect(0);
    let page = home.json(&["show", &id]);
    assert_eq!(page["task"]["status"], "done");
    assert_eq!(page["task"]["result"], "the answer is 42");
    let run = &page["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["exit_code"]),
        (&"completed".into(), &0.into())
    );
    assert!(
        run["duration_ms"].is_i64()
            && run["cpu_ms"].is_i64()
            && run["max_rss_kib"].as_i64() > Some(0)
    );
    assert!(text(&run["log_tail"]).contains("first\nthe answer is 42"));
    assert_eq!(
        home.history(&id),
        ["created", "claimed", "spawned", "completed"]
    );
    assert!(
        std::fs::read_dir(home.board("runs"))
            .unwrap()
            .next()
            .is_none(),
        "a booked run leaves no folder"
    );
}

#[test]
fn failures_are_retried_with_a_delay_and_then_the_breaker_holds() {
    let home = home(&worker("w", "echo it broke >&2; exit 3"));
    let id = home.create("a", "w", &[]);
    home.quiet().expect(1);
    let runs = home.runs(&id);
    assert_eq!(runs.len(), 2, "failure_limit");
    assert!(
        runs.iter()
            .all(|r| r["outcome"] == "crashed" && r["exit_code"] == 3)
    );
    assert_eq!(text(&runs[0]["error"]), "exit 3: it broke");
    assert_eq!(home.status(&id), "blocked");
    assert_eq!(home.history(&id).last().unwrap(), "gave_up");
    // It stays blocked, and a person lets it go with its counts set back.
    home.ok(&["tick"]);
    assert_eq!(home.status(&id), "blocked");
    home.ok(&["unblock", &id]);
    assert_eq!(home.json(&["show", &id])["task"]["consecutive_failures"], 0);
    assert_eq!(home.status(&id), "ready");
}

#[test]
fn a_retry_is_not_before_its_time() {
    let home = Home::new(&format!(
        "[defaults]\nretry_delay = \"1h\"\n{}",
        worker("w", "exit 1")
    ));
    let id = home.create("a", "w", &[]);
    home.ok(&["tick"]);
    home.wait_until("the failure is booked", || {
        home.status(&id) == "ready" && home.runs(&id)[0]["outcome"] == "crashed"
    });
    let waiting = &home.json(&["tick"])["waiting"][0];
    assert_eq!(
        (&waiting["task"], &waiting["reason"]),
        (&id.clone().into(), &"delayed".into())
    );
    assert!(waiting["until"].is_i64());
    home.ok(&["promote", &id]);
    assert_eq!(
        home.json(&["tick"])["counts"]["started"],
        1,
        "a person can end the delay"
    );
    home.wait_until("the second run is over", || home.status(&id) == "blocked");
}

#[test]
fn exit_75_is_tried_again_and_not_counted() {
    let home = home(&worker("w", r#"[ "$KANBAN_ATTEMPT" -ge 3 ] || exit 75"#));
    let id = home.create("a", "w", &["--max-retries", "1"]);
    home.quiet().expect(0);
    let outcomes: Vec<String> = home.runs(&id).iter().map(|r| text(&r["outcome"])).collect();
    assert_eq!(outcomes, ["rate_limited", "rate_limited", "completed"]);
}

#[test]
fn a_signal_is_told_as_one() {
    let home = home(&worker("w", "kill -9 $$"));
    let id = home.create("a", "w", &["--max-retries", "1"]);
    home.quiet().expect(1);
    let run = &home.runs(&id)[0];
    assert_eq!(
        (&run["outcome"], &run["exit_signal"]),
        (&"crashed".into(), &9.into())
    );
    assert_eq!(text(&run["error"]), "killed by SIGKILL");
}

#[test]
fn what_cannot_be_started_is_told_and_does_not_cost_the_card_a_failure() {
    let home = home(
        "[workers.missing]\ncommand = [\"/no/such/program\"]\n[workers.w]\ncommand = [\"true\"]\n",
    );
    let missing = home.create("a", "missing", &[]);
    let nowhere = home.create("b", "w", &["--workspace", "dir:/no/such/folder"]);
    home.ok(&["tick"]);
    for (id, why) in [
        (&missing, "/no/such/program"),
        (&nowhere, "/no/such/folder"),
    ] {
        home.wait_until("the failed start is booked", || {
            home.runs(id).iter().any(|r| r["outcome"] == "spawn_failed")
        });
        assert!(text(&home.runs(id)[0]["error"]).contains(why));
        assert_eq!(home.json(&["show", id])["task"]["consecutive_failures"], 0);
    }
}

#[test]
fn a_run_over_its_time_is_ended_even_if_it_ignores_being_asked() {
    let home = home(&worker("w", "trap '' TERM; while :; do sleep 0.05; done"));
    let id = home.create("a", "w", &["--max-runtime", "1s", "--max-retries", "1"]);
    home.quiet().expect(1);
    let run = &home.runs(&id)[0];
    assert_eq!(
        (&run["outcome"], &run["exit_signal"]),
        (&"timed_out".into(), &9.into())
    );
    assert_eq!(home.status(&id), "blocked");
}

#[test]
fn a_worker_that_owes_a_report_and_gives_none_is_not_done() {
    let config = worker("silent", "exit 0")
        + "report = \"explicit\"\n"
        + &worker(
            "honest",
            r#""$KANBAN_BIN" complete "$KANBAN_TASK" --summary "said so""#,
        )
        + "report = \"explicit\"\n"
        + &worker(
            "stuck",
            r#""$KANBAN_BIN" block "$KANBAN_TASK" --reason "which colour?""#,
        )
        + "report = \"explicit\"\n"
        + &worker("thief", r#""$KANBAN_BIN" complete "$KANBAN_BODY""#);
    let home = home(&config);
    let silent = home.create("a", "silent", &[]);
    let honest = home.create("b", "honest", &[]);
    let stuck = home.create("c", "stuck", &[]);
    let thief = home.create("d", "thief", &["--body", &silent, "--max-retries", "1"]);
    home.quiet().expect(1);
    assert_eq!(home.runs(&silent)[0]["outcome"], "protocol_violation");
    assert_eq!(home.status(&silent), "blocked");
    assert_eq!(home.status(&honest), "done");
    assert_eq!(home.json(&["show", &honest])["task"]["result"], "said so");
    assert_eq!(home.status(&stuck), "blocked");
    assert_eq!(home.runs(&stuck)[0]["outcome"], "blocked");
    assert_eq!(
        home.status(&thief),
        "blocked",
        "a worker speaks for its own card only"
    );
    assert!(text(&home.runs(&thief)[0]["error"]).contains("exit 4"));
}

#[test]
fn what_a_worker_leaves_behind_is_gone_before_its_card_is_done() {
    let leave = r#"(setsid sh -c 'trap "" TERM; echo $$ > pid; exec sleep 60' &) ; while ! [ -s pid ]; do :; done"#;
    let config = worker("ends", leave) + &worker("keeps", leave) + "leftovers = \"keep\"\n";
    let home = home(&config);
    let (ends, keeps) = (
        home.create("a", "ends", &[]),
        home.create("b", "keeps", &[]),
    );
    home.quiet().expect(0);
    let alive = |id: &str| {
        let pid = std::fs::read_to_string(home.board(&format!("workspaces/{id}/pid"))).unwrap();
        let command = std::fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        (!command.is_empty()).then(|| pid.trim().to_owned())
    };
    assert_eq!(alive(&ends), None);
    let kept = alive(&keeps).expect("left alone");
    home.sh(&format!("kill -9 {kept}")).expect(0);
}

#[test]
fn a_worker_starts_clean() {
    let script = r#"ls /proc/self/fd | wc -l; grep -E "Sig(Blk|Ign)" /proc/self/status; umask; awk 'BEGIN { for (name in ENVIRON) print name }' | grep -vE "^(KANBAN_.*|AWK.*|PWD|OLDPWD|SHLVL|_)$" | sort | tr '\n' ' '; cat"#;
    let home = home(&(worker("w", script) + "env = { COLOUR = \"green\" }\n"))
        .with("SECRET", "x")
        .with("USER", "u");
    let id = home.create("a", "w", &[]);
    home.sh(r#"umask 027; trap '' HUP INT; exec 7</dev/null; "$KANBAN" tick"#)
        .expect(0);
    home.wait_until("it is done", || home.status(&id) == "done");
    let log = home.ok(&["log", &id]).stdout;
    let lines: Vec<&str> = log.lines().skip(1).collect();
    assert_eq!(
        lines[0], "5",
        "0, 1, 2, the tree lock, and the listing itself: {log}"
    );
    // Bits of HUP, INT, QUIT, PIPE, ALRM, TERM and CHLD.
    let common = 0x1_7007;
    for line in &lines[1..3] {
        let mask = u64::from_str_radix(line.split_whitespace().last().unwrap(), 16).unwrap();
        assert_eq!(mask & common, 0, "{line}");
    }
    assert_eq!(lines[3], "0027");
    assert_eq!(lines[4].trim(), "COLOUR HOME LANG PATH TZ USER", "{log}");
    let mode = std::os::unix::fs::MetadataExt::mode(
        &std::fs::metadata(home.board(&format!("logs/{id}.log"))).unwrap(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

/// A card whose worker is at work and stays so.
#[track_caller]
fn at_work(home: &Home) -> String {
    let id = home.create("a", "w", &[]);
    home.ok(&["tick"]);
    home.wait_until("its worker works", || {
        home.board(&format!("workspaces/{id}/pid")).exists()
    });
    id
}

/// Ticks until every process of every run is gone and recorded as such.
#[track_caller]
fn settle(home: &Home) {
    home.ok(&["tick"]);
    home.wait_until("its worker is gone", || {
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0") == 0
    });
    // A tick is skipped while the supervisor's follow-up tick has the board.
    home.wait_until("its supervisor is gone", || {
        processes_of(home.path()).is_empty()
    });
}

const CLAIM: &str = "coalesce(claim_lock, '-') || ' ' || coalesce(claim_expires, '-') || ' ' || \
                     coalesce(worker_pid, '-') || ' ' || coalesce(current_run_id, '-')";

#[test]
fn claim_is_cleared_once_run_of_moved_card_is_dead() {
    let home = home(&worker("w", "echo $$ > pid; exec sleep 60"));
    for (status, after) in [
        ("ready", "ready"),
        ("todo", "ready"),
        ("blocked", "blocked"),
        ("done", "done"),
        ("of another program", "of another program"),
    ] {
        let id = at_work(&home);
        home.ok(&["pause"]);
        home.change(&format!(
            "UPDATE tasks SET status = '{status}' WHERE id = '{id}'"
        ));
        settle(&home);
        let claim: String = home.sql(&format!("SELECT {CLAIM} FROM tasks WHERE id = '{id}'"));
        assert_eq!(claim, "- - - -", "{status}");
        assert_eq!(home.status(&id), after);
        assert_eq!(home.runs(&id)[0]["outcome"], "reclaimed");
        home.ok(&["resume"]);
        if after == "ready" {
            home.ok(&["tick"]);
            assert_eq!(home.runs(&id).len(), 2, "nothing else holds it");
            home.ok(&["complete", &id]);
            settle(&home);
        }
    }
}

#[test]
fn claim_of_another_program_stays_when_our_run_is_dead() {
    let home = home(&worker("w", "echo $$ > pid; exec sleep 60"));
    for (status, run) in [
        ("ready", "NULL"),
        ("ready", "current_run_id"),
        ("blocked", "77"),
        ("running", "NULL"),
    ] {
        let id = at_work(&home);
        home.ok(&["pause"]);
        home.change(&format!(
            "UPDATE tasks SET status = '{status}', claim_lock = 'elsewhere:1', claim_expires = 9999999999,
                    worker_pid = NULL, current_run_id = {run}
             WHERE id = '{id}'"
        ));
        settle(&home);
        let claim: String = home.sql(&format!("SELECT {CLAIM} FROM tasks WHERE id = '{id}'"));
        assert!(
            claim.starts_with("elsewhere:1 9999999999 - "),
            "{status}, {run}: {claim}"
        );
        home.ok(&["resume"]);
        home.ok(&["archive", &id]);
    }
}

#[test]
fn taking_a_running_card_away_ends_its_worker() {
    let home = home(&worker("w", "echo $$ > pid; exec sleep 60"));
    for (verb, status) in [
        ("complete", "done"),
        ("block", "blocked"),
        ("archive", "archived"),
    ] {
        let id = home.create(verb, "w", &[]);
        home.ok(&["tick"]);
        home.wait_until("it works", || {
            home.board(&format!("workspaces/{id}/pid")).exists()
        });
        home.ok(&[verb, &id]);
        assert_eq!(home.status(&id), status);
        home.wait_until("its worker is gone", || {
            home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0") == 0
        });
        assert_eq!(
            home.status(&id),
            status,
            "the end of the run leaves the card where it was put"
        );
        assert_eq!(home.runs(&id).len(), 1);
    }
}

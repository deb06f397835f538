//! Work that has to be verified, jobs that have to be cancelled, and what a card asks of its worker.

use crate::harness::{Home, text};

fn outcomes(home: &Home, id: &str) -> Vec<String> {
    home.runs(id).iter().map(|r| text(&r["outcome"])).collect()
}

#[test]
fn work_counts_only_if_its_verification_passes() {
    let home = Home::new(
        r#"
[defaults]
retry_delay = "0s"
tempfail_delay = "0s"
failure_limit = 3
[workers.w]
command = ["sh", "-c", "echo worked >> result"]
verify = ["sh", "-c", "echo checking; n=$(wc -l < result); case $n in 1) exit 7;; 2) exit 75;; esac"]
[workers.broken]
command = ["true"]
verify = ["/no/such/check"]
"#,
    );
    let id = home.create("x", "w", &[]);
    let own = home.create("own", "w", &["--verify", "exit 9", "--max-retries", "1"]);
    let broken = home.create("broken", "broken", &["--max-retries", "1"]);
    home.quiet().expect(1);
    assert_eq!(
        outcomes(&home, &id),
        ["crashed", "rate_limited", "completed"]
    );
    let error = text(&home.runs(&id)[0]["error"]);
    assert!(
        error.contains("its verification did not (exit 7): checking"),
        "{error}"
    );
    assert_eq!(
        home.status(&own),
        "blocked",
        "the card's own check goes first"
    );
    assert_eq!(home.status(&broken), "blocked");
    assert!(
        home.ok(&["log", &broken])
            .stdout
            .contains("verification cannot be started")
    );
    let both = Home::new("[workers.w]\ncommand = ['x']\nverify = ['y']\nreport = 'explicit'");
    let said = both.kanban(&["config", "check"]).expect(2).stderr;
    assert!(said.contains("workers.w.verify"), "{said}");
    let both = Home::new("[workers.w]\npreset = 'slurm'\ncommand = ['x']\nverify = ['y']");
    both.kanban(&["config", "check"]).expect(2);
    let explicit = Home::new("[workers.w]\ncommand = ['x']\nreport = 'explicit'");
    explicit
        .kanban(&["create", "x", "--assignee", "w", "--verify", "true"])
        .expect(2);
}

#[test]
fn a_verification_is_part_of_the_run_for_its_time_and_for_a_killed_supervisor() {
    let home = Home::new(
        r#"
[defaults]
retry_delay = "0s"
grace = "1s"
[workers.slow]
command = ["true"]
verify = ["sh", "-c", "[ \"$KANBAN_ATTEMPT\" != 1 ] || { touch checking; sleep 300; }"]
"#,
    );
    let late = home.create("late", "slow", &["--max-runtime", "1s"]);
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, &late), ["timed_out", "completed"]);
    let lost = home.create("lost", "slow", &[]);
    home.ok(&["tick"]);
    home.wait_until("it is verified", || {
        home.board("workspaces")
            .join(&lost)
            .join("checking")
            .exists()
    });
    let supervisor: i64 = home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0");
    home.sh(&format!("kill -9 {supervisor}")).expect(0);
    home.wait_until("the run is lost, and the next one is done", || {
        home.kanban(&["tick"]);
        home.status(&lost) == "done"
    });
    assert_eq!(outcomes(&home, &lost), ["lost", "completed"]);
}

#[test]
fn a_job_is_cancelled_before_its_client_is_told_and_a_hanging_cancel_is_bounded() {
    let home = Home::new(
        r#"
[defaults]
grace = "1s"
[workers.job]
command = ["sh", "-c", "trap 'echo told >> ../../order; exit 1' TERM; touch up; while :; do sleep 0.02; done"]
cancel = ["sh", "-c", "echo cancel {run} >> \"$KANBAN_WORKSPACE/../../order\""]
[workers.hangs]
command = ["sh", "-c", "touch up; sleep 300"]
cancel = ["sleep", "300"]
"#,
    );
    for worker in ["job", "hangs"] {
        let id = home.create(worker, worker, &[]);
        home.ok(&["tick"]);
        home.wait_until("it works", || {
            home.board("workspaces").join(&id).join("up").exists()
        });
        home.ok(&["cancel", &id]);
        assert_eq!(home.status(&id), "cancelled");
    }
    let order = std::fs::read_to_string(home.board("order")).unwrap();
    assert_eq!(order, "cancel 1\ntold\n");
    // Nobody is left to run it when the supervisor is killed: the next tick does, before the card starts anew.
    let lost = home.create("lost", "job", &[]);
    home.ok(&["tick"]);
    home.wait_until("it works", || {
        home.board("workspaces").join(&lost).join("up").exists()
    });
    let supervisor: i64 = home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0");
    home.sh(&format!("kill -9 {supervisor}")).expect(0);
    home.wait_until("the run is lost", || {
        home.kanban(&["tick"]);
        home.runs(&lost)[0]["outcome"] == "lost"
    });
    let run = home.runs(&lost)[0]["id"].to_string();
    let order = std::fs::read_to_string(home.board("order")).unwrap();
    assert!(order.ends_with(&format!("cancel {run}\n")), "{order}");
    home.ok(&["cancel", &lost]);
    home.wait_until("nothing is left", || {
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE dead = 0") == 0
            || home.kanban(&["tick"]).code.is_none()
    });
}

#[test]
fn what_a_card_asks_for_reaches_its_worker() {
    let home = Home::new(
        r#"
[workers.w]
command = ["sh", "-c", "printf '%s|' \"$@\" \"$KANBAN_MODEL\" \"$KANBAN_TENANT\" \"$KANBAN_GOAL\"", "sh",
           ["--model", "{model}"], ["--skill", "{skill}"], ["{arg}"]]
[workers.script]
preset = "shell"
"#,
    );
    let plain = home.create("plain", "w", &[]);
    let full = home.create(
        "full",
        "w",
        &[
            "--model", "m 1", "--skill", "a", "--skill", "b", "--arg", "-v", "--tenant", "acme",
            "--goal",
        ],
    );
    let script = home.create("true", "script", &["--body", "echo from the body\nexit 0"]);
    let fails = home.create(
        "x",
        "script",
        &["--body", "false\ntrue", "--max-retries", "1"],
    );
    home.quiet().expect(1);
    assert!(home.ok(&["log", &plain]).stdout.contains("|||"));
    let log = home.ok(&["log", &full]).stdout;
    assert!(
        log.contains("--model|m 1|--skill|a|--skill|b|-v|m 1|acme|1|"),
        "{log}"
    );
    assert!(home.ok(&["log", &script]).stdout.contains("from the body"));
    assert_eq!(
        home.status(&fails),
        "blocked",
        "a script stops at its first failure"
    );
    let bad = Home::new("[workers.w]\ncommand = ['x', '{skill}']\n[workers.s]\npreset = 'slurm'");
    let said = bad.kanban(&["config", "check"]).expect(2).stderr;
    assert!(
        said.contains("in a group of its own") && said.contains("needs to know what to run"),
        "{said}"
    );
}

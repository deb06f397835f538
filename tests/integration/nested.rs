//! Workers that create cards and run ticks of their own: the supervisors that those ticks start serve other runs, and are
//! no leftovers of the worker.

use std::path::Path;

use crate::harness::{Home, PROGRAM, text};
use crate::kills::strace_works;
use crate::liveness::Mode::{self, Cgroup, Guard, Portable};
use crate::liveness::{has_cgroups, kill, nap, sleepers};

const MODES: [Mode; 3] = [Cgroup, Guard, Portable];

/// Workers: `outer` runs this script, `inner` writes down that it runs, works until the file `go` exists, and says so.
fn home(mode: Mode, outer: &str, more: &str) -> Option<Home> {
    if mode == Cgroup && !has_cgroups() {
        return None;
    }
    let home = Home::new(&format!(
        r#"
[defaults]
retry_delay = "0s"
{more}
[workers.outer]
grace = "1s"
command = ["sh", "-c", '''{outer}''']
[workers.inner]
command = ["sh", "-c", '''
echo "$KANBAN_RUN_ID" >> "$KANBAN_HOME/began"
while [ -d "$KANBAN_HOME" ] && ! [ -e "$KANBAN_HOME/go" ]; do sleep 0.02; done
echo "$KANBAN_RUN_ID" >> "$KANBAN_HOME/ended"''']
"#
    ));
    Some(match mode {
        Portable => home.with("KANBAN_TEST_PORTABLE", "1"),
        Guard => home.with("KANBAN_TEST_CGROUPS", "0"),
        _ => home,
    })
}

fn lines(home: &Home, file: &str) -> usize {
    let text = std::fs::read_to_string(home.path().join(file)).unwrap_or_default();
    text.lines().count()
}

fn go(home: &Home) {
    std::fs::write(home.path().join("go"), "").unwrap();
}

/// The outcomes of all runs of a worker, in order.
fn outcomes(home: &Home, worker: &str) -> Vec<String> {
    let runs = home.json(&["runs"]);
    let of_worker = runs.as_array().unwrap().iter();
    let of_worker = of_worker.filter(|run| run["worker"] == worker);
    let outcome = |run: &serde_json::Value| run["outcome"].as_str().unwrap_or("open").to_owned();
    of_worker.map(outcome).collect()
}

/// The inner run outlives the worker that started it, and each ran once.
fn inner_run_outlives_its_worker(mode: Mode, script: &str) {
    let Some(home) = home(mode, script, "") else {
        return;
    };
    let outer = home.create("outer", "outer", &[]);
    home.ok(&["tick"]);
    home.wait_until("the outer run is recorded", || {
        home.status(&outer) == "done"
    });
    home.wait_until("the inner worker is at work", || {
        home.kanban(&["tick"]);
        lines(&home, "began") == 1
    });
    home.ok(&["tick"]);
    assert_eq!(outcomes(&home, "inner"), ["open"], "{mode:?}");
    go(&home);
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, "inner"), ["completed"], "{mode:?}");
    assert_eq!(outcomes(&home, "outer"), ["completed"], "{mode:?}");
    assert_eq!((lines(&home, "began"), lines(&home, "ended")), (1, 1));
    let reasons = "SELECT count(*) FROM task_runs WHERE error IS NOT NULL";
    assert_eq!(home.sql::<i64>(reasons), 0, "{mode:?}");
}

#[test]
fn inner_run_outlives_a_worker_that_waited_for_its_start() {
    for mode in MODES {
        inner_run_outlives_its_worker(
            mode,
            r#"$KANBAN_BIN create child --assignee inner; $KANBAN_BIN tick
until [ -e "$KANBAN_HOME/began" ]; do sleep 0.02; done"#,
        );
    }
}

#[test]
fn inner_run_outlives_a_worker_that_ends_at_once() {
    for mode in MODES {
        inner_run_outlives_its_worker(
            mode,
            "$KANBAN_BIN create child --assignee inner; exec $KANBAN_BIN tick",
        );
    }
}

#[test]
fn inner_run_outlives_a_worker_that_cleared_the_environment_of_the_tick() {
    for mode in MODES {
        inner_run_outlives_its_worker(
            mode,
            r#"clear="env -i PATH=$PATH HOME=$HOME KANBAN_HOME=$KANBAN_HOME"
[ -z "$KANBAN_TEST_PORTABLE" ] || clear="$clear KANBAN_TEST_PORTABLE=1"
[ -z "$KANBAN_TEST_CGROUPS" ] || clear="$clear KANBAN_TEST_CGROUPS=0"
$clear $KANBAN_BIN create child --assignee inner; $clear $KANBAN_BIN tick; true"#,
        );
    }
}

/// The tick of the worker is alive, in a session of its own, when the worker ends: it is a leftover, and the
/// supervisor that it started is not.
#[test]
fn inner_run_outlives_a_waiting_tick_that_the_worker_left_behind() {
    for mode in [Cgroup, Guard] {
        inner_run_outlives_its_worker(
            mode,
            r#"$KANBAN_BIN create child --assignee inner; setsid $KANBAN_BIN tick --wait &
until [ -e "$KANBAN_HOME/began" ]; do sleep 0.02; done"#,
        );
    }
}

#[test]
fn other_leftovers_of_the_outer_worker_are_ended() {
    for mode in MODES {
        let nap = nap();
        let script = format!(
            r#"$KANBAN_BIN create child --assignee inner; $KANBAN_BIN tick
setsid sleep {nap} &
until [ -e "$KANBAN_HOME/began" ]; do sleep 0.02; done"#
        );
        let Some(home) = home(mode, &script, "") else {
            continue;
        };
        let outer = home.create("outer", "outer", &[]);
        home.ok(&["tick"]);
        home.wait_until("the outer run is recorded", || {
            home.status(&outer) == "done"
        });
        assert_eq!(sleepers(&nap), [0; 0], "{mode:?}");
        assert_eq!(outcomes(&home, "inner"), ["open"], "{mode:?}");
        go(&home);
        home.quiet().expect(0);
        assert_eq!(outcomes(&home, "inner"), ["completed"], "{mode:?}");
    }
}

#[test]
fn inner_run_survives_the_kill_of_the_outer_supervisor() {
    for mode in MODES {
        let nap = nap();
        let script = format!(
            r#"[ "$KANBAN_ATTEMPT" = 1 ] || exit 0
$KANBAN_BIN create child --assignee inner; $KANBAN_BIN tick; sleep {nap}; true"#
        );
        let Some(home) = home(mode, &script, "") else {
            continue;
        };
        let outer = home.create("outer", "outer", &[]);
        home.ok(&["tick"]);
        home.wait_until("both are at work", || {
            lines(&home, "began") == 1 && sleepers(&nap).len() == 1
        });
        let supervisor: i64 =
            home.sql("SELECT supervisor_pid FROM tick_runs WHERE worker = 'outer'");
        kill(supervisor);
        home.wait_until("the outer card is retried", || {
            home.kanban(&["tick"]);
            home.status(&outer) == "done"
        });
        assert_eq!(sleepers(&nap), [0; 0], "{mode:?}");
        assert_eq!(outcomes(&home, "inner"), ["open"], "{mode:?}");
        go(&home);
        home.quiet().expect(0);
        assert_eq!(outcomes(&home, "outer"), ["lost", "completed"], "{mode:?}");
        assert_eq!(outcomes(&home, "inner"), ["completed"], "{mode:?}");
        assert_eq!((lines(&home, "began"), lines(&home, "ended")), (1, 1));
    }
}

#[test]
fn innermost_run_outlives_two_levels_of_workers() {
    for mode in MODES {
        let script = r#"case "$KANBAN_TITLE" in
outer) $KANBAN_BIN create middle --assignee outer;;
*) $KANBAN_BIN create child --assignee inner;;
esac
exec $KANBAN_BIN tick"#;
        let Some(home) = home(
            mode,
            script,
            "max_in_progress = 5\n[host]\nmax_in_progress = 5",
        ) else {
            continue;
        };
        home.create("outer", "outer", &[]);
        home.ok(&["tick"]);
        home.wait_until("the innermost worker is at work", || {
            lines(&home, "began") == 1
        });
        home.wait_until("the others are recorded", || {
            outcomes(&home, "outer") == ["completed", "completed"]
        });
        assert_eq!(outcomes(&home, "inner"), ["open"], "{mode:?}");
        go(&home);
        home.quiet().expect(0);
        assert_eq!(outcomes(&home, "inner"), ["completed"], "{mode:?}");
    }
}

/// The tick of a worker waits until the new supervisor has left the worker's group. The supervisor is late, and lets its
/// worker execute just before the tick stops waiting: the run is the supervisor's, and is not recorded as failed.
#[test]
fn run_of_a_late_supervisor_is_left_to_it() {
    if !strace_works() {
        return;
    }
    let Some(home) = home(Guard, "", "") else {
        return;
    };
    let card = home.create("card", "inner", &[]);
    let mut tick = home.command("strace");
    tick.env("KANBAN_RUN_NONCE", "of-an-outer-run")
        .args(["-o", "/dev/null", "-e"])
        .arg("inject=recvfrom:error=EAGAIN:delay_exit=1000000")
        .args([PROGRAM, "tick"]);
    let out = tick.output().unwrap();
    assert_eq!(lines(&home, "began"), 1, "its worker executes");
    assert!(out.status.success(), "{out:?}");
    home.ok(&["tick"]);
    assert_eq!(outcomes(&home, "inner"), ["open"]);
    go(&home);
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, "inner"), ["completed"]);
    assert_eq!(home.status(&card), "done");
}

/// A worker that ends with the status of its own `tick --wait`, which waits for every run but the worker's.
fn waits(more: &str) -> Option<(Home, String)> {
    let script = r#"$KANBAN_BIN create child --assignee inner > "$KANBAN_HOME/child"
touch "$KANBAN_HOME/go"
$KANBAN_BIN tick --wait --timeout 20s > "$KANBAN_HOME/said" 2>&1; echo $? > "$KANBAN_HOME/status""#;
    let home = home(Guard, script, more)?;
    let outer = home.create("outer", "outer", &[]);
    home.ok(&["tick"]);
    home.wait_until("the worker's wait has ended", || {
        home.status(&outer) == "done"
    });
    let said = std::fs::read_to_string(home.path().join("said")).unwrap();
    Some((home, said))
}

fn status(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("status")).unwrap()
}

#[test]
fn wait_in_a_worker_ends_when_all_other_runs_are_over() {
    let Some((home, said)) = waits("") else {
        return;
    };
    assert_eq!(status(&home), "0\n", "{said}");
    assert_eq!(outcomes(&home, "inner"), ["completed"]);
}

#[test]
fn wait_in_a_worker_that_takes_the_only_place_ends_with_the_reason() {
    let Some((home, said)) = waits("max_in_progress = 1") else {
        return;
    };
    assert_eq!(status(&home), "1\n", "{said}");
    let child = std::fs::read_to_string(home.path().join("child")).unwrap();
    assert!(said.contains(child.trim()), "{said}");
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, "inner"), ["completed"]);
    assert_eq!(
        text(&home.json(&["show", child.trim()])["task"]["status"]),
        "done"
    );
    assert!(Path::new(&home.board("runs")).exists());
}

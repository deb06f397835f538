//! The interleavings that break the mutants of the spawn protocol (`tests/model/spawn_model.py`), played with the real
//! program, which has to survive each of them. Each test has the name of its mutant.
//!
//! `strace` places the faults: it kills or stops a process at a system call, so no interleaving depends on time. The
//! mutant "worker escapes every witness, no guard, no cgroup" is the cell `closes_own_session_cleared::without_guard` of
//! `liveness.rs`: it is documented, not survived.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal};

use crate::harness::{Home, PROGRAM, text};
use crate::kills::{processes_of, strace_works, tick_with};
use crate::liveness::Mode::{self, Guard, Portable, Unguarded};
use crate::liveness::{
    self, CLOSES, CLOSES_SESSION, SESSION_CLEARED, end, guard_of, kill, nap, sleepers, start,
};
use crate::traced::{Whom, trace};

/// Another program makes a running card ready again and removes the claim, as Hermes does after four hours.
const FOREIGN_RECLAIM: &str =
    "UPDATE tasks SET status = 'ready', claim_lock = NULL, claim_expires = NULL,
    worker_pid = NULL, current_run_id = NULL WHERE status = 'running'";

const SHORT: &str = r#"
[defaults]
retry_delay = "0s"
[workers.w]
command = ["sh", "-c", 'echo "$KANBAN_RUN_ID" >> "$KANBAN_HOME/ran"']
"#;

/// One process, which the kernel kills with its supervisor.
const SLEEPS: &str = r#"["sleep", "NAP"]"#;

fn signal(pid: i64, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, signal);
}

fn outcomes(home: &Home, card: &str) -> Vec<String> {
    let outcome = |run: &serde_json::Value| run["outcome"].as_str().unwrap_or("open").to_owned();
    home.runs(card).iter().map(outcome).collect()
}

fn ran(home: &Home) -> String {
    std::fs::read_to_string(home.path().join("ran")).unwrap_or_default()
}

/// The folder of the one open run.
fn run_folder(home: &Home) -> PathBuf {
    let nonce: String = home.sql("SELECT nonce FROM tick_runs WHERE dead = 0");
    home.board(&format!("runs/{nonce}"))
}

fn is_free(lock: &std::path::Path) -> bool {
    let file = std::fs::File::open(lock).unwrap();
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok()
}

/// The supervisor of this home that `strace` stopped when it had created its cancel pipe.
fn stopped_supervisor(home: &Home) -> i64 {
    let mut found = None;
    home.wait_until_seen("the supervisor is stopped", || {
        let all = processes_of(home.path());
        let pids = all
            .iter()
            .map(|dir| dir.trim_start_matches("/proc/").parse().unwrap());
        found = pids.into_iter().find(|pid| {
            let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
            command.is_ok_and(|command| command.starts_with("kanban\0supervise\0"))
                && stays_stopped(*pid)
        });
        found.is_some()
    });
    found.unwrap()
}

/// A traced process is stopped for a moment at each of its system calls.
fn stays_stopped(pid: i64) -> bool {
    (0..10).all(|_| {
        std::thread::sleep(Duration::from_millis(5));
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
        status.is_ok_and(|status| status.contains("State:\tt"))
    })
}

/// Continues a stopped process until the command that waits for it ends.
fn continue_to_end(home: &Home, pid: i64, command: &mut Child) {
    home.wait_until_seen("it ends after it was stopped", || {
        signal(pid, Signal::CONT);
        command.try_wait().unwrap().is_some()
    });
}

/// A tick that ran after the one before it had released the board.
fn full_tick(home: &Home) -> serde_json::Value {
    let mut report = home.json(&["tick"]);
    home.wait_until("a tick has the board", || {
        let is_full = report["skipped"].is_null();
        if !is_full {
            report = home.json(&["tick"]);
        }
        is_full
    });
    report
}

/// Ticks until another process than `first` works on the card, and checks that the two never work together.
fn second_run_works_alone(home: &Home, nap: &str, first: &[i32]) {
    home.wait_until("the next run is at work alone", || {
        home.kanban(&["tick"]);
        let asleep = sleepers(nap);
        assert!(asleep.len() <= 1, "two workers: {asleep:?}");
        asleep.len() == 1 && asleep != first
    });
}

/// Kills the supervisor of the one open run, and the guard above it if the home has guards and `mode` has none.
fn kill_supervisor(mode: Mode, supervisor: i64) {
    if mode == Unguarded {
        kill(guard_of(supervisor));
    }
    kill(supervisor);
}

/// A board that was restored knows the run as claimed, although its worker executes. The run's folder names the
/// processes, so they are searched for, and the run counts as lost and not as one that never began.
#[test]
fn row_restored_to_claimed_without_start_marker() {
    for mode in [Unguarded, Portable] {
        let nap = nap();
        let home = liveness::home(mode, &CLOSES.replace("NAP", &nap));
        let card = home.create("card", "w", &[]);
        let supervisor = start(&home, &nap);
        let first = sleepers(&nap);
        home.change(
            "UPDATE tick_runs SET stage = 'claimed', started_at = NULL, supervisor_pid = NULL, worker_pid = NULL,
                process_group = NULL, session = NULL, worker_started = NULL, supervisor_started = NULL",
        );
        kill_supervisor(mode, supervisor);
        second_run_works_alone(&home, &nap, &first);
        assert_eq!(outcomes(&home, &card)[0], "lost");
        end(&home, &nap);
    }
}

/// The tick is killed at the last calls that write or sync before it starts a supervisor: no process exists. It is
/// killed at the call that starts one: the claim is on the board, and the next tick requeues the card, uncounted.
#[test]
fn fork_before_commit_without_cas() {
    if !strace_works() {
        return;
    }
    let stage = || {
        let home = Home::new(SHORT);
        let card = home.create("card", "w", &[]);
        (home, card)
    };
    let (home, _) = stage();
    let until_start = trace(&home, Whom::Itself, &["tick"]).before_last("clone3(");
    home.quiet().expect(0);
    let mut kills = vec![("clone3", 1)];
    for call in ["pwrite64", "fsync", "fdatasync"] {
        let last = until_start.of(&[call]).len();
        kills.extend((last.saturating_sub(2)..last).map(|number| (call, number + 1)));
    }
    assert!(kills.len() > 2, "a claim is written and synced: {kills:?}");
    for (call, number) in kills {
        let (home, card) = stage();
        let fault = format!("{call}:signal=KILL:when={number}");
        tick_with(&home, &[], &fault).output().unwrap();
        assert_eq!(processes_of(home.path()), [""; 0], "{call} {number}");
        assert_eq!(ran(&home), "", "{call} {number}");
        home.quiet().expect(0);
        let outcomes = outcomes(&home, &card);
        assert_eq!(outcomes.last().unwrap(), "completed", "{call} {number}");
        assert_eq!(ran(&home).lines().count(), 1, "{call} {number}");
        let failures = "SELECT consecutive_failures FROM tasks";
        assert_eq!(home.sql::<i64>(failures), 0, "{call} {number}");
        if call == "clone3" {
            assert_eq!(outcomes, ["reclaimed", "completed"]);
        }
    }
}

/// The supervisor is held up before it takes the lock from the socket, the tick that claimed has ended, and a second
/// tick looks at the run: the lock in the socket is held, so the run is alive.
#[test]
fn supervisor_takes_lock_itself_without_cas() {
    if !strace_works() {
        return;
    }
    let home = Home::new(SHORT);
    let card = home.create("card", "w", &[]);
    let mut first = tick_with(&home, &["-f"], "recvmsg:delay_enter=3000000:when=1")
        .spawn()
        .unwrap();
    home.wait_until("the card is claimed", || home.status(&card) == "running");
    for _ in 0..2 {
        let report = full_tick(&home);
        assert_eq!(report["counts"]["running"], 1, "{report}");
        assert_eq!(report["counts"]["reaped"], 0, "{report}");
        assert_eq!(report["counts"]["started"], 0, "{report}");
    }
    let stage: String = home.sql("SELECT stage FROM tick_runs");
    assert_eq!(stage, "claimed", "the ticks came before the supervisor");
    first.wait().unwrap();
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, &card), ["completed"]);
    assert_eq!(ran(&home), "1\n");
}

/// The supervisor is killed where the kernel does not kill the worker with it. Either witness suffices: the tree lock
/// of a process without cookie, or the cookie of a process without tree lock.
#[test]
fn no_tree_lock_and_no_search_for_processes() {
    let nap_of_search = nap();
    let home = liveness::home(Portable, &CLOSES_SESSION.replace("NAP", &nap_of_search));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap_of_search);
    let first = sleepers(&nap_of_search);
    // The parent of the worker's process has the tree lock, and dies here.
    let parent = home.sql("SELECT worker_pid FROM tick_runs WHERE dead = 0");
    kill(supervisor);
    kill(parent);
    second_run_works_alone(&home, &nap_of_search, &first);
    assert_eq!(outcomes(&home, &card)[0], "lost");
    end(&home, &nap_of_search);

    let nap_of_lock = nap();
    let home = liveness::home(Portable, &SESSION_CLEARED.replace("NAP", &nap_of_lock));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap_of_lock);
    let parent = home.sql("SELECT worker_pid FROM tick_runs WHERE dead = 0");
    kill(supervisor);
    kill(parent);
    home.wait_until("the reason is stated", || {
        home.kanban(&["tick"]);
        let why = text(&home.json(&["why", &card])["why"]);
        why.contains("tree lock of run 1")
    });
    assert_eq!(sleepers(&nap_of_lock).len(), 1);
    assert_eq!(outcomes(&home, &card), ["open"]);
    end(&home, &nap_of_lock);
}

/// Another program frees the card while its worker lives. No second worker starts before the first one is gone.
#[test]
fn no_admission_check_after_a_foreign_reclaim() {
    let nap = nap();
    let home = liveness::home(
        Guard,
        &format!(r#"["sh", "-c", "trap '' TERM; sleep {nap}; true"]"#),
    );
    let card = home.create("card", "w", &[]);
    start(&home, &nap);
    let first = sleepers(&nap);
    home.change(FOREIGN_RECLAIM);
    home.ok(&["tick"]);
    assert_eq!(
        sleepers(&nap),
        first,
        "the first worker is in its grace time"
    );
    assert_eq!(home.runs(&card).len(), 1);
    let why = text(&home.json(&["why", &card])["why"]);
    assert!(why.contains("run"), "{why}");
    second_run_works_alone(&home, &nap, &first);
    end(&home, &nap);
}

/// The supervisor is stopped between the claim and its fence, and the card is taken away. Its gated worker never
/// executes. (`a_card_that_is_taken_away_before_the_fence_is_never_worked_on` of `kills.rs` blocks the card instead.)
#[test]
fn gate_opened_before_cas_commit() {
    if !strace_works() {
        return;
    }
    let home = Home::new(SHORT);
    let card = home.create("card", "w", &[]);
    let mut first = tick_with(&home, &["-f"], "mknodat:signal=STOP:when=1")
        .spawn()
        .unwrap();
    let supervisor = stopped_supervisor(&home);
    home.change(FOREIGN_RECLAIM);
    let report = full_tick(&home);
    assert_eq!(report["counts"]["started"], 0, "{report}");
    // The supervisor of the next run would be stopped as well.
    home.ok(&["pause"]);
    continue_to_end(&home, supervisor, &mut first);
    home.ok(&["resume"]);
    home.quiet().expect(0);
    assert_eq!(outcomes(&home, &card), ["reclaimed", "completed"]);
    assert_eq!(ran(&home), "2\n", "the first run never executed");
}

/// The supervisor is killed, and a process of the run that dropped the tree lock survives.
fn free_tree_lock_is_no_proof(mode: Mode) {
    let nap = nap();
    let home = liveness::home(mode, &CLOSES.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    let first = sleepers(&nap);
    home.ok(&["pause"]);
    let (folder, worker) = (
        run_folder(&home),
        home.sql("SELECT worker_pid FROM tick_runs"),
    );
    kill_supervisor(mode, supervisor);
    kill(worker);
    home.wait_until("the tree lock is free", || is_free(&folder.join("tree")));
    assert_eq!(sleepers(&nap), first, "it lives without the lock");
    home.ok(&["resume"]);
    second_run_works_alone(&home, &nap, &first);
    assert_eq!(outcomes(&home, &card)[0], "lost");
    end(&home, &nap);
}

#[test]
fn free_tree_lock_taken_as_proof_of_death_with_pdeathsig() {
    free_tree_lock_is_no_proof(Unguarded);
}

#[test]
fn free_tree_lock_taken_as_proof_of_death() {
    free_tree_lock_is_no_proof(Portable);
}

/// The tick closes its copy of the lock and never unlocks it, so the lock stays held when the tick has ended.
#[test]
fn tick_releases_its_copy_of_the_lock_with_lock_un() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Guard, &SLEEPS.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let calls = trace(&home, Whom::Itself, &["tick"]);
    let unlocks = |call: &&str| call.contains("/runs/") && call.contains("LOCK_UN");
    let released: Vec<&str> = calls.of(&["flock"]).into_iter().filter(unlocks).collect();
    assert_eq!(released, [""; 0]);
    home.wait_until("the worker sleeps", || sleepers(&nap).len() == 1);
    assert!(!is_free(&run_folder(&home).join("lock")));
    home.ok(&["tick"]);
    assert_eq!(outcomes(&home, &card), ["open"]);
    end(&home, &nap);
}

/// A tick reads the row of a run that is claimed, and is stopped before it asks the lock. Meanwhile the supervisor
/// passes its fence, the worker executes, and supervisor and guard are killed. The lock is free then, but the run is
/// not one that never began.
#[test]
fn row_read_before_the_lock_is_probed() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Unguarded, &CLOSES.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let mut first = tick_with(&home, &["-f"], "mknodat:signal=STOP:when=1")
        .spawn()
        .unwrap();
    let supervisor = stopped_supervisor(&home);
    full_tick(&home);
    let mut second = home
        .command("strace")
        .args(["-o", "/dev/null", "-P"])
        .arg(run_folder(&home).join("lock"))
        .args(["-e", "inject=openat:signal=STOP:when=1", PROGRAM, "tick"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let traced = second.id();
    let children = || std::fs::read_to_string(format!("/proc/{traced}/task/{traced}/children"));
    let mut tick = 0;
    home.wait_until_seen("the second tick is stopped", || {
        tick = children().unwrap_or_default().trim().parse().unwrap_or(0);
        let status = std::fs::read_to_string(format!("/proc/{tick}/status"));
        status.is_ok_and(|status| status.contains("Name:\tkanban")) && stays_stopped(tick)
    });
    home.wait_until_seen("the worker sleeps", || {
        signal(supervisor, Signal::CONT);
        sleepers(&nap).len() == 1
    });
    let asleep = sleepers(&nap);
    kill_supervisor(Unguarded, supervisor);
    continue_to_end(&home, tick, &mut second);
    first.wait().unwrap();
    assert!(sleepers(&nap).len() <= 1);
    second_run_works_alone(&home, &nap, &asleep);
    assert_eq!(outcomes(&home, &card)[0], "lost");
    end(&home, &nap);
}

/// Kills a worker that is one process, with its supervisor, and lets the row name other numbers.
fn dead_run(columns: &str) -> (Home, String) {
    let nap = nap();
    let home = liveness::home(Unguarded, &SLEEPS.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    home.ok(&["pause"]);
    kill_supervisor(Unguarded, supervisor);
    home.wait_until("the worker is gone", || sleepers(&nap).is_empty());
    home.change(&format!("UPDATE tick_runs SET {columns}"));
    (home, card)
}

/// A process that has nothing to do with any board, with a session of its own.
struct Unrelated(Child);

impl Unrelated {
    fn new() -> Self {
        let mut sleep = Command::new("setsid");
        sleep.args(["sleep", "300"]);
        let child = Self(sleep.spawn().unwrap());
        let pid = child.pid();
        while std::fs::read(format!("/proc/{pid}/comm")).unwrap() != b"sleep\n" {
            std::thread::yield_now();
        }
        child
    }

    fn pid(&self) -> i64 {
        i64::from(self.0.id())
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Unrelated {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The numbers of the run's processes belong to an unrelated process now, which began at another time and leads another
/// session. It is not killed, and it does not keep the card.
#[test]
fn kill_by_number_and_number_alone_is_life() {
    let mut unrelated = Unrelated::new();
    let pid = unrelated.pid();
    for columns in [
        format!("worker_pid = {pid}, process_group = {pid}"),
        format!("supervisor_pid = {pid}, session = {pid}"),
        format!(
            "supervisor_pid = {pid}, session = {pid}, worker_pid = {pid}, process_group = {pid}"
        ),
    ] {
        let (home, card) = dead_run(&columns);
        let report = home.json(&["tick"]);
        assert_eq!(report["counts"]["reaped"], 1, "{columns}: {report}");
        assert_eq!(outcomes(&home, &card), ["lost"], "{columns}");
        assert!(unrelated.is_alive(), "{columns}: killed");
    }
}

/// A process in the recorded session and group cannot be shown to be unrelated while their leader is gone. It keeps the
/// card, with the reason, and is not killed; its end frees the card.
#[test]
fn kill_by_number_where_the_leader_is_gone() {
    let mut shell = Command::new("setsid");
    shell.args(["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $$ $!"]);
    let said = shell.output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let (leader, member) = said.trim().split_once(' ').unwrap();
    let (leader, member): (i64, i64) = (leader.parse().unwrap(), member.parse().unwrap());
    let (home, card) = dead_run(&format!(
        "worker_pid = {leader}, process_group = {leader}, supervisor_pid = {leader}, session = {leader},
         worker_started = 0, supervisor_started = 0"
    ));
    home.kanban(&["tick"]).expect(1);
    home.ok(&["tick"]);
    assert_eq!(outcomes(&home, &card), ["open"]);
    let why = text(&home.json(&["why", &card])["why"]);
    assert!(why.contains("is in the process group of run 1"), "{why}");
    assert!(PathBuf::from(format!("/proc/{member}")).exists(), "killed");
    kill(member);
    home.wait_until("the end of that process frees the card", || {
        home.kanban(&["tick"]);
        outcomes(&home, &card) == ["lost"]
    });
}

/// A number may be reused between the search and the kill. The order of the calls excludes that a later process is hit:
/// a descriptor pins the process, then its start time is compared, then the descriptor gets the signal.
#[test]
fn found_process_killed_without_pidfd() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Unguarded, &CLOSES_SESSION.replace("NAP", &nap));
    home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    home.ok(&["pause"]);
    let victim = sleepers(&nap)[0];
    kill_supervisor(Unguarded, supervisor);
    let file = home.path().join("trace");
    let mut tick = home.command("strace");
    tick.args(["-e", "trace=pidfd_open,openat,pidfd_send_signal,kill", "-o"])
        .arg(&file)
        .args([PROGRAM, "tick"])
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(&file).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    let pinned = format!("pidfd_open({victim}, ");
    let pin = calls.iter().rposition(|call| call.starts_with(&pinned));
    let pin = pin.expect("the process is pinned");
    let descriptor = calls[pin].rsplit(" = ").next().unwrap();
    let sent = format!("pidfd_send_signal({descriptor}, SIGKILL");
    let send = calls
        .iter()
        .rposition(|call| call.starts_with(&sent))
        .unwrap();
    let compared = format!("\"/proc/{victim}/stat\"");
    assert!(
        calls[pin..send].iter().any(|call| call.contains(&compared)),
        "{calls:#?}"
    );
    let by_number = format!("kill({victim}, SIGKILL");
    assert!(!calls.iter().any(|call| call.starts_with(&by_number)));
    home.wait_until("it is gone", || sleepers(&nap).is_empty());
}

/// Reaping the worker frees the number of its group. The supervisor kills the group first.
#[test]
fn supervisor_reaps_the_worker_before_it_kills_the_group() {
    if !strace_works() {
        return;
    }
    let nap = nap();
    let home = liveness::home(Guard, &format!(r#"["sh", "-c", "sleep {nap} & exit 0"]"#));
    home.create("card", "w", &[]);
    let folder = home.path().join("traces");
    std::fs::create_dir(&folder).unwrap();
    let mut tick = home.command("strace");
    tick.args(["-ff", "-e", "trace=waitid,kill", "-o"])
        .arg(folder.join("t"))
        .args([PROGRAM, "tick"])
        .output()
        .unwrap();
    let traces = std::fs::read_dir(&folder).unwrap().flatten();
    let traces = traces.map(|entry| std::fs::read_to_string(entry.path()).unwrap());
    let supervisor = traces.into_iter().find(|trace| trace.contains("WNOWAIT"));
    let supervisor = supervisor.expect("a supervisor looks at its worker without reaping it");
    let calls: Vec<&str> = supervisor.lines().collect();
    let is_reaped = |call: &&str| call.contains("waitid(P_PID") && !call.contains("WNOWAIT");
    let reaped = calls.iter().position(is_reaped).unwrap();
    let worker = calls[reaped].split(", ").nth(1).unwrap();
    let killed = format!("kill(-{worker}, SIGKILL)");
    assert!(
        calls[..reaped].iter().any(|call| call.starts_with(&killed)),
        "{calls:#?}"
    );
    home.wait_until("nothing is left behind", || sleepers(&nap).is_empty());
}

/// A guard has a copy of the lock of each of its runs, and lives as long as the longest. A run that ended is recorded at
/// once all the same.
#[test]
fn supervisor_closes_its_copy_of_the_lock_without_lock_un() {
    let nap = nap();
    let home = Home::new(&format!(
        "[workers.long]\ncommand = [\"sleep\", \"{nap}\"]\n[workers.short]\ncommand = [\"true\"]\n"
    ))
    .with("KANBAN_TEST_CGROUPS", "0");
    let long = home.create("long", "long", &[]);
    let short = home.create("short", "short", &[]);
    home.ok(&["tick"]);
    // Its own follow-up tick records it: no other one runs here.
    home.wait_until("the short one is recorded", || {
        home.status(&short) == "done"
    });
    home.wait_until("the long one is at work", || sleepers(&nap).len() == 1);
    let supervisor = home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0");
    let guard = guard_of(supervisor);
    assert!(PathBuf::from(format!("/proc/{guard}")).exists());
    assert_eq!(outcomes(&home, &long), ["open"]);
    let folders = std::fs::read_dir(home.board("runs")).unwrap();
    assert_eq!(folders.count(), 1);
    end(&home, &nap);
}

/// A board with a run whose worker escapes to a session of its own, in guard mode, with `strace` at its guard.
struct Guarded {
    home: Home,
    card: String,
    nap: String,
    supervisor: i64,
    trace: PathBuf,
    strace: Child,
}

impl Guarded {
    fn new(worker: &str, options: &[&str]) -> Self {
        let nap = nap();
        let home = liveness::home(Guard, &worker.replace("NAP", &nap));
        let card = home.create("card", "w", &[]);
        let supervisor = start(&home, &nap);
        home.ok(&["pause"]);
        let guard = guard_of(supervisor);
        let trace = home.path().join("trace");
        let mut strace = home.command("strace");
        strace.arg("-o").arg(&trace).args(options);
        let strace = strace
            .args(["-p", &guard.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        home.wait_until_seen("strace is attached to the guard", || {
            let status = std::fs::read_to_string(format!("/proc/{guard}/status"));
            status.is_ok_and(|s| s.contains(&format!("TracerPid:\t{}\n", strace.id())))
        });
        Self {
            home,
            card,
            nap,
            supervisor,
            trace,
            strace,
        }
    }

    /// Kills the supervisor and waits for the end of the guard.
    fn kill_supervisor(&mut self) -> Vec<i32> {
        let first = sleepers(&self.nap);
        kill(self.supervisor);
        self.strace.wait().unwrap();
        first
    }

    /// After the guard was killed at some moment, the run is lost, and no two workers are alive together.
    fn check_run_is_lost(mut self) {
        let first = self.kill_supervisor();
        self.home.ok(&["resume"]);
        second_run_works_alone(&self.home, &self.nap, &first);
        assert_eq!(outcomes(&self.home, &self.card)[0], "lost");
        end(&self.home, &self.nap);
    }
}

/// The guard of a killed supervisor kills and reaps every orphan, then records the end, then releases the lock.
#[test]
fn guard_records_or_unlocks_before_its_orphans_are_dead() {
    if !strace_works() {
        return;
    }
    let mut run = Guarded::new(
        liveness::ESCAPES,
        &["-y", "-e", "trace=kill,wait4,waitid,pwrite64,flock"],
    );
    let first = run.kill_supervisor();
    let calls = std::fs::read_to_string(&run.trace).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    let last = |part: &str, end: &str| {
        let found = |call: &&str| call.contains(part) && call.contains(end);
        calls.iter().rposition(found)
    };
    let killed = last(&format!("kill({}, SIGKILL)", first[0]), "= 0").unwrap();
    let reaped = calls.iter().rposition(|call| {
        call.starts_with("wait4(") && call.ends_with(&format!("= {}", first[0]))
            || call.starts_with("waitid(") && call.contains(&format!("si_pid={}", first[0]))
    });
    let recorded = last("pwrite64(", "/exit>").expect("the end is recorded");
    let unlocked = last("flock(", "LOCK_UN").expect("the lock is released");
    assert!(killed < reaped.unwrap(), "{calls:#?}");
    assert!(reaped.unwrap() < recorded, "{calls:#?}");
    assert!(recorded < unlocked, "{calls:#?}");
    run.home.wait_until("the run is recorded", || {
        run.home.ok(&["tick"]);
        outcomes(&run.home, &run.card) == ["lost"]
    });
}

/// The guard is killed after the supervisor, when it has ended no orphan yet: the tick searches.
#[test]
fn guard_killed_before_its_orphans_are_dead() {
    if strace_works() {
        Guarded::new(CLOSES_SESSION, &["-e", "inject=kill:signal=KILL:when=1"]).check_run_is_lost();
    }
}

/// The guard is killed when its orphans are dead and nothing is recorded.
#[test]
fn guard_killed_before_it_records() {
    if strace_works() {
        Guarded::new(
            liveness::ESCAPES,
            &["-e", "inject=pwrite64:signal=KILL:when=1"],
        )
        .check_run_is_lost();
    }
}

/// The guard is killed when it has recorded the end and holds the lock. The kernel releases the lock.
#[test]
fn guard_killed_before_it_unlocks() {
    if strace_works() {
        Guarded::new(
            liveness::ESCAPES,
            &["-e", "inject=fsync:signal=KILL:when=1"],
        )
        .check_run_is_lost();
    }
}

/// A supervisor that released the lock is killed in its follow-up tick, another tick records the end and removes the
/// folder, and the guard looks at the run only then. It writes nothing.
#[test]
fn guard_writes_a_record_that_looks_empty_without_the_lock() {
    let nap = nap();
    let home = liveness::home(
        Guard,
        &format!(
            r#"["sh", "-c", "sleep {nap} & while ! [ -e \"$KANBAN_HOME/go\" ]; do sleep 0.02; done"]"#
        ),
    );
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    let guard = guard_of(supervisor);
    let lock = run_folder(&home).join("lock");
    signal(guard, Signal::STOP);
    let board = std::fs::File::open(home.board("kanban.db.dispatch.lock")).unwrap();
    rustix::fs::flock(&board, FlockOperation::LockExclusive).unwrap();
    std::fs::write(home.path().join("go"), "").unwrap();
    home.wait_until_seen("the supervisor released the lock", || is_free(&lock));
    kill(supervisor);
    drop(board);
    home.wait_until("the end is recorded", || {
        home.ok(&["tick"]);
        home.status(&card) == "done"
    });
    signal(guard, Signal::CONT);
    home.wait_until_seen("the guard has ended", || {
        !PathBuf::from(format!("/proc/{guard}")).exists()
    });
    assert_eq!(outcomes(&home, &card), ["completed"]);
    let left = std::fs::read_dir(home.board("runs")).unwrap();
    assert_eq!(left.count(), 0, "the guard created nothing");
}

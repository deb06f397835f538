//! A run is dead only when no witness shows life: what a killed supervisor leaves behind, for every kind of worker that
//! ordinary programs are, with a cgroup, with a guard, with neither, and in the portable way.
//!
//! Each cell of the matrix is a test. It states that the processes of the run are ended before the next run begins, that
//! the card is kept with this reason, or that only a cgroup or a guard can find them, which kanban-security(7) says too.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::harness::{Home, text};

/// What finds the processes of a run whose supervisor was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Its cgroup.
    Cgroup,
    /// The guard above the supervisor.
    Guard,
    /// The process table alone, because the guard was killed as well.
    Unguarded,
    /// What systems without `/proc` have.
    Portable,
}

/// What a tick has to do.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// End the processes of the run, record it as lost, and start the next one.
    Ended,
    /// Keep the card, with a reason that contains this.
    Held(&'static str),
    /// Nothing: no witness is left, and the next run starts beside the process.
    NeedsCgroup,
}
use Expect::{Ended, Held, NeedsCgroup};
use Mode::{Cgroup, Guard, Portable, Unguarded};

/// Kinds of workers. `NAP` is replaced by a number of seconds that no other process sleeps for.
pub const PLAIN: &str = r#"["sh", "-c", "sleep NAP; true"]"#;
/// Python closes the descriptors that it does not know.
pub const CLOSES: &str =
    r#"["python3", "-c", "import subprocess; subprocess.run(['sleep', 'NAP'])"]"#;
pub const SESSION: &str = r#"["setsid", "-w", "sleep", "NAP"]"#;
pub const CLEARED: &str = r#"["env", "-i", "sleep", "NAP"]"#;
pub const DAEMON: &str = r#"["python3", "-c", """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', 'NAP'])
    os._exit(0)
time.sleep(300)
"""]"#;
pub const USER: &str = r#"["setpriv", "--reuid=65534", "--clear-groups", "sleep", "NAP"]"#;
pub const CLOSES_SESSION: &str = r#"["python3", "-c", "import subprocess; subprocess.run(['sleep', 'NAP'], start_new_session=True)"]"#;
pub const CLOSES_CLEARED: &str =
    r#"["python3", "-c", "import subprocess; subprocess.run(['sleep', 'NAP'], env={})"]"#;
pub const SESSION_CLEARED: &str = r#"["env", "-i", "setsid", "-w", "sleep", "NAP"]"#;
pub const CLOSES_DAEMON: &str = r#"["python3", "-c", """
import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    subprocess.Popen(['sleep', 'NAP'])
    os._exit(0)
time.sleep(300)
"""]"#;
pub const USER_SESSION: &str =
    r#"["setpriv", "--reuid=65534", "--clear-groups", "setsid", "-w", "sleep", "NAP"]"#;
pub const USER_CLEARED: &str =
    r#"["setpriv", "--reuid=65534", "--clear-groups", "env", "-i", "sleep", "NAP"]"#;
pub const ESCAPES: &str = r#"["python3", "-c", "import subprocess; subprocess.run(['sleep', 'NAP'], start_new_session=True, env={})"]"#;

pub const ESCAPES_DAEMON: &str = r#"["python3", "-c", """
import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    subprocess.Popen(['sleep', 'NAP'], env={})
    os._exit(0)
time.sleep(300)
"""]"#;

/// A number of seconds that this run of the tests alone sleeps for.
pub fn nap() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}.{next:04}", 100 + std::process::id() % 400)
}

/// The processes that sleep for so long.
pub fn sleepers(nap: &str) -> Vec<i32> {
    processes()
        .into_iter()
        .filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line == format!("sleep\0{nap}\0").as_bytes()
        })
        .collect()
}

fn processes() -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.parse().ok()).collect()
}

pub fn kill(pid: i64) {
    let raw = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = rustix::process::kill_process(raw, rustix::process::Signal::KILL);
}

fn parent_of(pid: i64) -> i64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(')').unwrap();
    rest.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// The guard above a supervisor.
pub fn guard_of(supervisor: i64) -> i64 {
    let guard = parent_of(supervisor);
    let name = std::fs::read_to_string(format!("/proc/{guard}/comm")).unwrap();
    assert_eq!(name, "kanban-guard\n");
    guard
}

/// Whether this process may create cgroups where the program would. `false`: the test says why and skips, but not in CI.
pub fn has_cgroups() -> bool {
    let root = rustix::process::geteuid().is_root();
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::"));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mounted = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        kind.starts_with("cgroup2 ")
            .then(|| mount.split(' ').nth(4))?
    });
    let trial = own.zip(mounted).map(|(own, mount)| {
        PathBuf::from(format!("{mount}{own}/kanban-test-{}", std::process::id()))
    });
    let usable = root
        && trial.is_some_and(|path| {
            std::fs::create_dir(&path).is_ok() && std::fs::remove_dir(&path).is_ok()
        });
    if !usable {
        assert!(
            !(root && std::env::var_os("CI").is_some()),
            "no cgroup can be created here"
        );
        eprintln!("skipped: no cgroup can be created here");
    }
    usable
}

fn skips(mode: Mode, worker: &str) -> bool {
    let needs_root = worker.contains("setpriv") && !rustix::process::geteuid().is_root();
    if needs_root {
        eprintln!("skipped: only root can start a worker of another user");
    }
    needs_root || mode == Cgroup && !has_cgroups()
}

/// A home whose one worker is this command, and whose runs are found in this way.
pub fn home(mode: Mode, worker: &str) -> Home {
    let home = Home::new(&format!(
        "[defaults]\nretry_delay = \"0s\"\nfailure_limit = 20\n[workers.w]\ngrace = \"1s\"\ncommand = {worker}\n"
    ));
    match mode {
        Cgroup => home,
        Guard | Unguarded => home.with("KANBAN_TEST_CGROUPS", "0"),
        Portable => home.with("KANBAN_TEST_PORTABLE", "1"),
    }
}

/// Starts the card's worker and waits until it sleeps. Returns its supervisor.
pub fn start(home: &Home, nap: &str) -> i64 {
    home.ok(&["tick"]);
    home.wait_until("the worker sleeps", || sleepers(nap).len() == 1);
    home.sql("SELECT supervisor_pid FROM tick_runs WHERE dead = 0")
}

/// Kills a supervisor, and the guard above it where the mode says so.
fn lose_supervisor(mode: Mode, supervisor: i64) {
    if mode == Unguarded {
        kill(guard_of(supervisor));
    }
    kill(supervisor);
}

/// The death signal of a supervisor ends the worker itself, but not what the worker started. Until the worker is reaped,
/// its number proves that its process group is the run's.
fn await_death_of_worker(home: &Home) {
    let worker: i64 = home.sql("SELECT worker_pid FROM tick_runs WHERE dead = 0");
    let path = format!("/proc/{worker}");
    home.wait_until_seen("the worker is gone", || !Path::new(&path).exists());
}

fn check(mode: Mode, worker: &str, expect: Expect) {
    if skips(mode, worker) {
        return;
    }
    let nap = nap();
    let home = home(mode, &worker.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    let first = sleepers(&nap);
    lose_supervisor(mode, supervisor);
    match expect {
        Ended => {
            home.wait_until("the next run is at work alone", || {
                home.kanban(&["tick"]);
                let asleep = sleepers(&nap);
                assert!(asleep.len() <= 1, "two workers: {asleep:?}");
                asleep.len() == 1 && asleep != first
            });
            assert_eq!(home.runs(&card)[0]["outcome"], "lost");
        }
        Held(reason) => {
            await_death_of_worker(&home);
            home.kanban(&["tick"]).expect(1);
            home.ok(&["tick"]);
            assert_eq!(sleepers(&nap), first, "it is neither ended nor joined");
            assert_eq!(home.runs(&card).len(), 1);
            let why = text(&home.json(&["why", &card])["why"]);
            assert!(why.contains(reason), "{why}");
            let status = home.kanban(&["status"]).expect(1);
            assert!(status.stdout.contains(reason), "{status:?}");
            let kept = home
                .history(&card)
                .into_iter()
                .filter(|kind| kind == "reclaim_deferred");
            assert_eq!(kept.count(), 1, "stated once");
            first.iter().for_each(|pid| kill(i64::from(*pid)));
            home.wait_until("the next run is at work", || {
                home.ok(&["tick"]);
                home.runs(&card).len() == 2
            });
        }
        NeedsCgroup => {
            home.wait_until("the next run is at work", || {
                home.kanban(&["tick"]);
                home.runs(&card).len() == 2
            });
            assert!(sleepers(&nap).contains(&first[0]), "it is found after all");
        }
    }
    end(&home, &nap);
}

/// Ends what a test leaves behind.
pub fn end(home: &Home, nap: &str) {
    home.kanban(&["pause"]);
    for card in home
        .json(&["list", "--status", "running"])
        .as_array()
        .unwrap()
    {
        home.kanban(&["stop", &text(&card["id"])]);
    }
    sleepers(nap)
        .into_iter()
        .for_each(|pid| kill(i64::from(pid)));
}

macro_rules! matrix {
    ($($kind:ident: $worker:ident => $cgroup:expr, $guard:expr, $unguarded:expr, $portable:expr;)*) => {$(
        mod $kind {
            use super::*;

            #[test]
            fn with_cgroup() {
                check(Cgroup, $worker, $cgroup);
            }

            #[test]
            fn with_guard() {
                check(Guard, $worker, $guard);
            }

            #[test]
            fn without_guard() {
                check(Unguarded, $worker, $unguarded);
            }

            #[test]
            fn portable() {
                check(Portable, $worker, $portable);
            }
        }
    )*};
}

const IN_GROUP: Expect = Held("is in the process group of run 1");

matrix! {
    // worker                              cgroup guard  neither       portable
    plain: PLAIN                        => Ended, Ended, Ended,        Ended;
    closes_descriptors: CLOSES          => Ended, Ended, Ended,        Ended;
    own_session: SESSION                => Ended, Ended, Ended,        Ended;
    cleared_environment: CLEARED        => Ended, Ended, Ended,        Ended;
    daemonises: DAEMON                  => Ended, Ended, Ended,        Ended;
    another_user: USER                  => Ended, Ended, Ended,        Ended;
    closes_and_own_session: CLOSES_SESSION => Ended, Ended, Ended,     Ended;
    closes_and_cleared: CLOSES_CLEARED  => Ended, Ended, IN_GROUP,     Ended;
    own_session_and_cleared: SESSION_CLEARED => Ended, Ended, Ended,   Ended;
    closes_and_daemonises: CLOSES_DAEMON => Ended, Ended, Ended,       Ended;
    another_user_own_session: USER_SESSION => Ended, Ended, Ended,     Ended;
    another_user_cleared: USER_CLEARED  => Ended, Ended, Ended,        Ended;
    closes_own_session_cleared: ESCAPES => Ended, Ended, NeedsCgroup,  Ended;
    closes_daemonises_cleared: ESCAPES_DAEMON => Ended, Ended, NeedsCgroup, NeedsCgroup;
}

/// A process that forks without a pause is missed by a single reading of the process table.
#[test]
fn chain_of_short_processes_is_ended() {
    let home = home(
        Unguarded,
        r#"["python3", "-c", """
import os, sys, time
os.closerange(3, 1024)
while True:
    if os.fork():
        os._exit(0) if os.getpid() != int(open(os.environ['KANBAN_HOME'] + '/first').read() or 0) else time.sleep(300)
    time.sleep(0.002)
"""]"#,
    );
    std::fs::write(home.path().join("first"), "0").unwrap();
    let card = home.create("card", "w", &[]);
    home.ok(&["tick"]);
    home.wait_until("the worker runs", || {
        home.sql::<i64>("SELECT count(*) FROM tick_runs WHERE stage = 'started'") == 1
    });
    home.ok(&["pause"]);
    let supervisor = home.sql("SELECT supervisor_pid FROM tick_runs");
    kill(guard_of(supervisor));
    kill(supervisor);
    home.wait_until("the run is lost", || {
        home.kanban(&["tick"]);
        home.runs(&card)[0]["outcome"] == "lost"
    });
    let mark = format!("KANBAN_HOME={}", home.path().display());
    let left = processes().into_iter().filter(|pid| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark.as_bytes())
    });
    assert_eq!(left.count(), 0, "a link of the chain is left");
}

/// A home that belongs to an ordinary user, with a worker that becomes root: nothing of this user can end it.
fn unkillable(mode: Mode, nap: &str) -> Option<(Home, PathBuf)> {
    use std::os::unix::fs::{PermissionsExt, chown};
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can start a worker of another user");
        return None;
    }
    let home = home(
        mode,
        &format!(
            r#"["{{home}}/become-root", "--reuid=0", "--regid=0", "--clear-groups", "sleep", "{nap}"]"#
        ),
    );
    let config = home.path().join("config.toml");
    let shown = home.path().display().to_string();
    let filled = std::fs::read_to_string(&config)
        .unwrap()
        .replace("{home}", &shown);
    std::fs::write(&config, filled).unwrap();
    let setpriv = home.path().join("become-root");
    std::fs::copy("/usr/bin/setpriv", &setpriv).unwrap();
    std::fs::set_permissions(&setpriv, PermissionsExt::from_mode(0o4755)).unwrap();
    let program = home.path().join("kanban");
    std::fs::copy(crate::harness::PROGRAM, &program).unwrap();
    for path in [home.path(), &config, &program] {
        chown(path, Some(65534), Some(65534)).unwrap();
    }
    Some((home, program))
}

/// Runs the program as the owner of such a home.
fn as_user(home: &Home, program: &Path, args: &[&str]) -> (Option<i32>, String) {
    let output = home
        .command("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(program)
        .args(args)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

fn unkillable_is_kept_until_a_person_confirms(mode: Mode, reason: &str) {
    let nap = nap();
    let Some((home, program)) = unkillable(mode, &nap) else {
        return;
    };
    let run = |args: &[&str]| as_user(&home, &program, args);
    let (code, card) = run(&["create", "card", "--assignee", "w"]);
    assert_eq!(code, Some(0), "{card}");
    let card = card.lines().next().unwrap().trim().to_owned();
    assert_eq!(run(&["tick"]).0, Some(0));
    home.wait_until_seen("the worker sleeps", || sleepers(&nap).len() == 1);
    let first = sleepers(&nap);
    let supervisor: i64 = home.sql("SELECT supervisor_pid FROM tick_runs");
    if mode == Unguarded {
        kill(guard_of(supervisor));
    }
    kill(supervisor);
    home.wait_until_seen("the reason is stated", || {
        let said = run(&["tick"]).1 + &run(&["why", &card]).1;
        said.contains(reason)
    });
    assert_eq!(run(&["status"]).0, Some(1));
    assert!(run(&["status"]).1.contains(reason));
    let (code, said) = run(&["reclaim", &card, "--force"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(reason) && said.contains("--yes"), "{said}");
    let (code, said) = run(&["reclaim", &card, "--force", "--yes"]);
    assert_eq!(code, Some(0), "{said}");
    home.wait_until_seen("the next run is at work beside it", || {
        run(&["tick"]);
        sleepers(&nap).len() == 2
    });
    assert!(sleepers(&nap).contains(&first[0]));
    let kept = "SELECT count(*) FROM task_events WHERE kind = 'reclaim_deferred'";
    assert_eq!(home.sql::<i64>(kept), 1, "stated once");
    run(&["pause"]);
    sleepers(&nap)
        .into_iter()
        .for_each(|pid| kill(i64::from(pid)));
}

#[test]
fn guard_keeps_the_card_of_a_process_that_it_may_not_end() {
    unkillable_is_kept_until_a_person_confirms(Guard, "(root) of run 1 is still alive");
}

#[test]
fn tick_keeps_the_card_of_a_process_that_it_may_not_end() {
    unkillable_is_kept_until_a_person_confirms(Unguarded, "(root) of run 1 is still alive");
}

#[test]
fn stop_reports_what_a_killed_supervisor_left_behind() {
    let nap = nap();
    let home = home(Unguarded, &CLOSES_CLEARED.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    lose_supervisor(Unguarded, supervisor);
    await_death_of_worker(&home);
    let refused = home.kanban(&["stop", &card]).expect(75);
    assert!(
        refused.stderr.contains("is in the process group of run 1"),
        "{refused:?}"
    );
    for args in [
        &["boards", "rm", "default", "--yes"][..],
        &["boards", "rename", "default", "other"],
        &["boards", "archive", "default"],
    ] {
        let refused = home.kanban(args).expect(4);
        assert!(
            refused.stderr.contains("is in the process group of run 1"),
            "{refused:?}"
        );
    }
    end(&home, &nap);
    home.wait_until("nothing holds the board", || {
        home.kanban(&["boards", "rm", "default", "--yes"]).code == Some(0)
    });
}

#[test]
fn stop_ends_what_a_killed_supervisor_left_behind() {
    let nap = nap();
    let home = home(Unguarded, &CLOSES.replace("NAP", &nap));
    let card = home.create("card", "w", &[]);
    let supervisor = start(&home, &nap);
    lose_supervisor(Unguarded, supervisor);
    home.ok(&["stop", &card]);
    assert!(
        sleepers(&nap).is_empty(),
        "it returns when every process is gone"
    );
}

/// Ordinary kinds of workers, many at a time, while supervisors and guards are killed: no card ever has two workers, and
/// every card gets done. `KANBAN_TEST_KILLS` is how many are killed.
#[test]
fn killed_supervisors_never_leave_two_workers() {
    let kills: usize = std::env::var("KANBAN_TEST_KILLS").map_or(24, |n| n.parse().unwrap());
    let workers = [
        PLAIN,
        CLOSES,
        SESSION,
        CLEARED,
        DAEMON,
        CLOSES_SESSION,
        CLOSES_CLEARED,
        SESSION_CLEARED,
        ESCAPES,
    ];
    for (round, mode) in [Guard, Portable, Cgroup]
        .into_iter()
        .cycle()
        .take(kills.div_ceil(8))
        .enumerate()
    {
        if mode == Cgroup && !has_cgroups() {
            continue;
        }
        // The last has no witness in the portable way.
        let kinds = &workers[..workers.len() - usize::from(mode == Portable)];
        let mut config = String::from(
            "[defaults]\nretry_delay = \"0s\"\nfailure_limit = 50\nmax_in_progress = 20\n[host]\nmax_in_progress = 20\n",
        );
        let naps: Vec<String> = (0..8)
            .map(|n| format!("1.{:07}{:04}", std::process::id(), round * 8 + n))
            .collect();
        for (n, nap) in naps.iter().enumerate() {
            let command = kinds[(round * 8 + n) % kinds.len()]
                .replace("NAP", nap)
                .replace("time.sleep(300)", "time.sleep(1.5)");
            config += &format!(
                "[workers.w{n}]\ngrace = \"1s\"\nmax_in_progress = 2\ncommand = {command}\n"
            );
        }
        let home = match mode {
            Portable => Home::new(&config).with("KANBAN_TEST_PORTABLE", "1"),
            Cgroup => Home::new(&config),
            Guard | Unguarded => Home::new(&config).with("KANBAN_TEST_CGROUPS", "0"),
        };
        for n in 0..naps.len() {
            home.create(&n.to_string(), &format!("w{n}"), &[]);
        }
        home.ok(&["tick"]);
        home.wait_until("all workers sleep", || {
            naps.iter().all(|nap| !sleepers(nap).is_empty())
        });
        let supervisors: String =
            home.sql("SELECT group_concat(supervisor_pid) FROM tick_runs WHERE dead = 0");
        for pid in supervisors.split(',') {
            kill(pid.parse().unwrap());
        }
        let mut wait = home
            .command(crate::harness::PROGRAM)
            .args(["tick", "--wait", "--timeout", "60s"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = loop {
            for nap in &naps {
                let asleep = sleepers(nap);
                assert!(
                    asleep.len() <= 1,
                    "{mode:?}: two workers {asleep:?} in {}",
                    home.path().display()
                );
            }
            if let Some(status) = wait.try_wait().unwrap() {
                break status;
            }
        };
        let held: String =
            home.sql("SELECT coalesce(group_concat(held), '') FROM tick_runs WHERE dead = 0");
        let done: i64 = home.sql("SELECT count(*) FROM tasks WHERE status = 'done'");
        let open: i64 = home.sql("SELECT count(*) FROM tick_runs WHERE dead = 0 AND held IS NULL");
        assert!(
            open == 0 && (done == 8 || !held.is_empty()),
            "{mode:?}: {status}, {done} done, {held}, {}",
            home.path().display()
        );
        naps.iter().for_each(|nap| end(&home, nap));
    }
}

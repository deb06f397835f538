//! Boards of release 0.1.0 with runs in flight, and this program's first tick on them.
//!
//! The rows, the run folders and the exit records are recorded ones (`tests/fixtures/0.1.0`). A script plays the
//! supervisors and workers that were alive during the upgrade.

use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::harness::Home;

/// The tables of a board of release 0.1.0.
pub const TABLES: &str = include_str!("../schemas/kanban_5.sql");

const CLAIMED: &str = include_str!("../fixtures/0.1.0/claimed.sql");
const STARTED: &str = include_str!("../fixtures/0.1.0/started.sql");
const PENDING: &str = include_str!("../fixtures/0.1.0/exit_pending.hex");
const EXITED: &str = include_str!("../fixtures/0.1.0/exit_exited.hex");
const SUPERVISOR: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/0.1.0/supervisor.sh"
);

/// The nonces under which the exit records were recorded.
const NONCE: &str = "07f08ac41998d0fe6c535eec004720cf";
const NONCE_EXITED: &str = "fc6fa904e8d112173c1ff3c2fea2aeaa";

/// The second run of a card writes down the first one's processes that it meets.
const CONFIG: &str = r#"
[defaults]
retry_delay = "0s"
[workers.w]
command = ["sh", "-c", '''
for pid in $(cat "$KANBAN_HOME/first" 2>/dev/null); do
  grep -qs -e 'State:.*[RSDT] ' "/proc/$pid/status" && echo "$pid" >> "$KANBAN_HOME/doubled"
done
echo "$KANBAN_ATTEMPT" >> "$KANBAN_HOME/ran"''']
"#;

const SLEEP_WITH_TREE_LOCK: &str = "exec sleep 300";
const SLEEP_WITHOUT_TREE_LOCK: &str = "exec sleep 300 8>&-";

/// The folder of a board of release 0.1.0, with the tables and no rows.
pub fn board(config: &str) -> Home {
    let home = Home::new(config);
    let folder = home.board("");
    for dir in [home.path().join("boards"), folder.clone()] {
        private_dir(&dir);
    }
    for part in ["logs", "runs", "workspaces"] {
        private_dir(&folder.join(part));
    }
    file(&home.board("kanban.db"), &[]);
    let db = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.execute_batch(TABLES).unwrap();
    home
}

fn private_dir(path: &Path) {
    std::fs::DirBuilder::new().mode(0o700).create(path).unwrap();
}

fn file(path: &Path, bytes: &[u8]) {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.unwrap().write_all_at(bytes, 0).unwrap();
}

fn of_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// A nonce of its own for each run: a tick ends every process that carries the nonce of its lost run.
fn nonce() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}{next:016x}", std::process::id())
}

/// The exit record of a run, as 0.1.0 writes it.
fn record(nonce: &str, record: &str) -> Vec<u8> {
    let mut bytes = format!(r#"{{"run":"{nonce}","record":{record}}}"#).into_bytes();
    bytes.resize(508, 0);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

const DONE: &str = r#"{"exited":{"status":0,"verified":null,"ended":null,"duration_ms":991,"cpu_ms":3,"max_rss_kib":7900,"left_behind":false}}"#;

#[test]
fn exit_records_of_the_harness_equal_recorded_ones() {
    assert_eq!(record(NONCE, "\"pending\""), of_hex(PENDING));
    assert_eq!(record(NONCE_EXITED, DONE), of_hex(EXITED));
}

/// A run of release 0.1.0 on a board of its own.
struct Run {
    home: Home,
    nonce: String,
    boot: String,
    supervisor: u32,
    worker: u32,
}

impl Run {
    /// A run whose processes are given by [`Played`], or are gone.
    fn new() -> Self {
        Self::with_nonce(nonce())
    }

    fn with_nonce(nonce: String) -> Self {
        let home = board(CONFIG);
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let boot = boot.trim().to_owned();
        // Pids that no process can have.
        let (supervisor, worker) = (5_000_001, 5_000_002);
        private_dir(&home.board(&format!("runs/{nonce}")));
        let run = Self {
            home,
            nonce,
            boot,
            supervisor,
            worker,
        };
        file(&run.file("lock"), &[]);
        run
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.board(&format!("runs/{}/{name}", self.nonce))
    }

    /// The files that a supervisor of 0.1.0 adds before it starts the worker.
    fn prepare(&self) {
        file(&self.file("exit"), &record(&self.nonce, "\"pending\""));
        let mut pipe = Command::new("mkfifo");
        pipe.args(["-m", "600"]).arg(self.file("cancel"));
        assert!(pipe.status().unwrap().success());
        file(&self.file("tree"), &[]);
        let log = self.home.board("logs/t_0981a591.log");
        file(&log, b"[kanban] run 1 of t_0981a591\nworking\n");
    }

    fn insert(&self, rows: &str) {
        let lock = self.file("lock").metadata().unwrap();
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let now = i64::try_from(now.as_secs()).unwrap();
        let folder = self.home.board("");
        let values = [
            ("now", now.to_string()),
            ("lease", (now + 900).to_string()),
            ("nonce", self.nonce.clone()),
            ("host", machine()),
            ("boot", self.boot.clone()),
            ("lock_dev", lock.dev().to_string()),
            ("lock_ino", lock.ino().to_string()),
            ("supervisor", self.supervisor.to_string()),
            ("worker", self.worker.to_string()),
            (
                "folder",
                folder
                    .display()
                    .to_string()
                    .trim_end_matches('/')
                    .to_owned(),
            ),
        ];
        let rows = values
            .into_iter()
            .fold(rows.to_owned(), |rows, (name, value)| {
                rows.replace(&format!("{{{name}}}"), &value)
            });
        self.home.change(&rows);
    }

    /// Overwrites the exit record in place, as a supervisor of 0.1.0 does.
    fn write_record(&self, end: &str) {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(self.file("exit"));
        let file = file.unwrap();
        file.write_all_at(&record(&self.nonce, end), 0).unwrap();
        file.sync_all().unwrap();
    }

    fn outcomes(&self, card: &str) -> Vec<String> {
        let runs = self.home.runs(card);
        // A run that is at work has no outcome yet.
        let outcome = |run: &Value| run["outcome"].as_str().unwrap_or("none").to_owned();
        runs.iter().map(outcome).collect()
    }

    /// The card was worked on a second time, and no process of the first run was left then.
    fn is_done_by_a_second_run(&self, card: &str) {
        let home = &self.home;
        home.quiet().expect(0);
        assert_eq!(self.outcomes(card), ["lost", "completed"]);
        let doubled = std::fs::read_to_string(home.path().join("doubled")).unwrap_or_default();
        assert_eq!(doubled, "", "two workers at once");
        let ran = std::fs::read_to_string(home.path().join("ran")).unwrap();
        assert_eq!(ran, "2\n");
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok");
    }
}

/// What the program records as this machine.
fn machine() -> String {
    let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
    let read = |path| std::fs::read_to_string(path).ok();
    let id = files.into_iter().find_map(read);
    let id = id.unwrap_or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap());
    id.trim().to_owned()
}

/// A supervisor and a worker of release 0.1.0 that are alive. Both end with it.
struct Played {
    supervisor: Child,
    worker: u32,
}

impl Played {
    /// Starts them and puts their run on the board.
    fn start(run: &mut Run, script: &str) -> Self {
        run.prepare();
        let folder = run.home.board(&format!("runs/{}", run.nonce));
        let mut command = run.home.command("setsid");
        let supervisor = command
            .args([SUPERVISOR.as_ref(), folder.as_os_str()])
            .arg(script)
            .env("KANBAN_RUN_NONCE", &run.nonce)
            .env("KANBAN_RUN_ID", "1")
            .env("KANBAN_TASK", "t_0981a591")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let noted = run.home.board(&format!("runs/{}.worker", run.nonce));
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !noted.exists() {
            assert!(std::time::Instant::now() < until, "no worker was started");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let worker = std::fs::read_to_string(&noted).unwrap().trim().parse();
        std::fs::remove_file(noted).unwrap();
        let played = Self {
            worker: worker.unwrap(),
            supervisor,
        };
        run.supervisor = played.supervisor.id();
        run.worker = played.worker;
        std::fs::write(run.home.path().join("first"), run.worker.to_string()).unwrap();
        run.insert(STARTED);
        played
    }

    fn kill_supervisor(&mut self) {
        self.supervisor.kill().unwrap();
        self.supervisor.wait().unwrap();
    }

    fn kill_worker(&self) {
        end(self.worker);
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = self.supervisor.kill();
        let _ = self.supervisor.wait();
        end(self.worker);
    }
}

/// Ends a process if it still has the variable of a run, so that a reused pid harms no other process.
fn end(pid: u32) {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let marked = environment
        .windows(16)
        .any(|part| part == b"KANBAN_RUN_NONCE");
    if let (true, Some(pid)) = (marked, rustix::process::Pid::from_raw(pid.cast_signed())) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z"))
}

#[test]
fn finished_run_of_0_1_0_is_recorded_as_its_exit_record_says() {
    let mut run = Run::with_nonce(NONCE_EXITED.to_owned());
    run.prepare();
    run.insert(STARTED);
    run.write_record(DONE);
    assert_eq!(std::fs::read(run.file("exit")).unwrap(), of_hex(EXITED));
    run.home.ok(&["tick"]);
    assert_eq!(run.home.status("t_0981a591"), "done");
    assert_eq!(run.outcomes("t_0981a591"), ["completed"]);
    let page = run.home.json(&["show", "t_0981a591"]);
    assert_eq!(page["task"]["result"], "working");
    assert_eq!(
        run.home.sql::<i64>("SELECT duration_ms FROM tick_runs"),
        991
    );

    run = Run::new();
    run.prepare();
    run.insert(STARTED);
    run.write_record(&DONE.replace("\"status\":0", "\"status\":3"));
    run.home.ok(&["tick"]);
    assert_eq!(run.home.runs("t_0981a591")[0]["exit_code"], 3);
    run.home.quiet().expect(0);
    assert_eq!(run.outcomes("t_0981a591")[1..], ["completed"]);
}

#[test]
fn claimed_run_of_0_1_0_without_record_is_requeued_and_not_counted() {
    for has_record in [false, true] {
        let run = Run::new();
        if has_record {
            file(&run.file("exit"), &record(&run.nonce, "\"pending\""));
        }
        run.insert(CLAIMED);
        run.home.ok(&["tick"]);
        let card = "t_1f244446";
        assert_eq!(run.outcomes(card)[0], "reclaimed");
        let failures = "SELECT consecutive_failures FROM tasks";
        assert_eq!(run.home.sql::<i64>(failures), 0);
        run.home.quiet().expect(0);
        assert_eq!(run.outcomes(card), ["reclaimed", "completed"]);
        assert!(!run.file("").exists(), "its folder is removed");
    }
}

#[test]
fn run_of_0_1_0_whose_supervisor_lives_is_left_alone_until_it_writes_its_record() {
    let mut run = Run::new();
    let mut played = Played::start(&mut run, SLEEP_WITH_TREE_LOCK);
    for _ in 0..2 {
        let report = run.home.json(&["tick"]);
        assert_eq!(report["counts"]["running"], 1, "{report}");
        assert_eq!(report["counts"]["reaped"], 0, "{report}");
    }
    assert_eq!(run.home.status("t_0981a591"), "running");
    assert!(is_alive(played.worker) && is_alive(run.supervisor));
    played.kill_worker();
    run.write_record(DONE);
    // It ends by itself when its worker has ended.
    played.supervisor.wait().unwrap();
    run.home.ok(&["tick"]);
    assert_eq!(run.outcomes("t_0981a591"), ["completed"]);
    assert!(!run.file("").exists(), "its folder is removed");
}

/// The supervisor was killed before the upgrade, and its worker lives.
fn worker_is_ended_before_the_card_is_worked_on_again(script: &str) {
    let mut run = Run::new();
    let mut played = Played::start(&mut run, script);
    played.kill_supervisor();
    assert!(is_alive(played.worker));
    run.home.wait_until("the run is recorded as lost", || {
        run.home.kanban(&["tick"]);
        run.home.runs("t_0981a591")[0]["outcome"] == "lost"
    });
    assert!(!is_alive(played.worker), "the tick ends the worker");
    run.is_done_by_a_second_run("t_0981a591");
}

#[test]
fn worker_of_0_1_0_that_holds_its_tree_lock_is_ended_before_the_next_run() {
    worker_is_ended_before_the_card_is_worked_on_again(SLEEP_WITH_TREE_LOCK);
}

#[test]
fn worker_of_0_1_0_that_dropped_its_tree_lock_is_ended_before_the_next_run() {
    worker_is_ended_before_the_card_is_worked_on_again(SLEEP_WITHOUT_TREE_LOCK);
}

#[test]
fn run_of_0_1_0_whose_processes_are_gone_is_lost_at_once() {
    let run = Run::new();
    run.prepare();
    run.insert(STARTED);
    let report = run.home.json(&["tick"]);
    assert_eq!(report["counts"]["reaped"], 1, "{report}");
    assert_eq!(run.outcomes("t_0981a591")[0], "lost");
    assert_eq!(report["errors"].as_array().unwrap().len(), 0, "{report}");
    run.is_done_by_a_second_run("t_0981a591");
}

#[test]
fn run_of_0_1_0_is_lost_at_once_after_a_reboot_although_its_pids_exist() {
    let mut run = Run::new();
    // Unrelated processes have got the pids of the run.
    let mut unrelated = run.home.command("sleep").arg("300").spawn().unwrap();
    (run.supervisor, run.worker) = (unrelated.id(), unrelated.id());
    run.boot = "00000000-0000-4000-8000-000000000000".into();
    run.prepare();
    run.insert(STARTED);
    let report = run.home.json(&["tick"]);
    let alive = is_alive(unrelated.id());
    unrelated.kill().unwrap();
    unrelated.wait().unwrap();
    assert_eq!(report["counts"]["reaped"], 1, "{report}");
    assert!(alive, "a tick ended a process of another program");
    run.is_done_by_a_second_run("t_0981a591");
}

//! Timers as they are meant to be used: under the machine's own cron and systemd, each started for the
//! test alone. Where that is impossible, these tests say so and skip.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::harness::{Home, PROGRAM};
use crate::timer::{SERVICE, TIMER};

/// A board in a home, with a worker that says what it got, and a program, all of whose paths have in them
/// what means something to somebody on the way.
struct Odd {
    home: Home,
    program: PathBuf,
    /// What the worker's PATH has to be.
    path: String,
}

impl Odd {
    fn new(worker: &str) -> Self {
        let home = Home::new("");
        let inner = home.path().join("my 100% \"boards\" & $HOME's ü");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("config.toml"), worker).unwrap();
        let folder = home.path().join("50% off $x ü");
        std::fs::create_dir(&folder).unwrap();
        let program = folder.join("kanban");
        std::fs::hard_link(PROGRAM, &program)
            .or_else(|_| std::fs::copy(PROGRAM, &program).map(|_| ()))
            .unwrap();
        let path = "/usr/sbin:/usr/bin:/sbin:/bin:/it's 5%d $HOME \"q\"".to_owned();
        let home = home
            .with("KANBAN_HOME", inner.to_str().unwrap())
            .with("PATH", &path);
        home.ok(&["init"]);
        Self {
            home,
            program,
            path,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

/// Ended with everything in it when the test is over.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/integration")
        .join(name)
}

/// Whether a script said that it cannot do it here. In CI, root must be able to.
fn skipped(code: Option<i32>, why: &str) -> bool {
    if code == Some(77) {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!(ci && rustix::process::geteuid().is_root()), "{why}");
        eprintln!("skipped: {why}");
    }
    code == Some(77)
}

#[test]
fn a_real_cron_runs_what_is_installed() {
    let odd =
        Odd::new("[workers.w]\ncommand = [\"sh\", \"-c\", 'echo \"$PATH\" >\"$HOME/path\"']\n");
    let folder = tempfile::tempdir().unwrap();
    let errors = std::fs::File::create(odd.file("errors")).unwrap();
    let mut cron = odd.home.command("sh");
    cron.arg(script("real-cron.sh")).arg(folder.path());
    cron.arg(&odd.program)
        .args(["timer", "install", "--kind", "cron"]);
    let mut cron = Running(cron.stdout(Stdio::null()).stderr(errors).spawn().unwrap());
    let card = odd.home.create("under cron", "w", &[]);
    let said = || std::fs::read_to_string(odd.file("errors")).unwrap();
    let mut ended = None;
    odd.home.wait_until("the card is done or cron ends", || {
        ended = cron.0.try_wait().unwrap();
        ended.is_some() || odd.home.status(&card) == "done"
    });
    if let Some(status) = ended {
        assert!(
            skipped(status.code(), said().trim()),
            "{status}: {}",
            said()
        );
        return;
    }
    let got = std::fs::read_to_string(odd.file("path")).unwrap();
    assert_eq!(got.trim_end(), odd.path);
    assert_eq!(odd.home.runs(&card).len(), 1);

    let pid = cron.0.id().to_string();
    let inside = |words: &[&str]| {
        let mut command = odd.home.command("nsenter");
        command.args(["-t", &pid, "-m", "--"]).args(words);
        command.output().unwrap()
    };
    let removed = inside(&[odd.program.to_str().unwrap(), "timer", "remove"]);
    assert!(removed.status.success(), "{removed:?}");
    let left = inside(&["crontab", "-l"]);
    assert!(
        String::from_utf8_lossy(&left.stderr).contains("no crontab for"),
        "{left:?}"
    );
    let mail = std::fs::read_dir(folder.path().join("mail")).unwrap();
    assert_eq!(mail.count(), 0, "a tick with nothing to say sends no mail");
}

/// A systemd of its own, ended with the test.
struct Systemd {
    folder: tempfile::TempDir,
}

impl Systemd {
    fn boot(home: &Home) -> Option<Self> {
        let systemd = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let booted = systemd.script(home.command("sh"), "up").output().unwrap();
        let why = String::from_utf8_lossy(&booted.stderr).into_owned();
        if skipped(booted.status.code(), why.trim()) {
            return None;
        }
        assert!(booted.status.success(), "{booted:?}");
        Some(systemd)
    }

    fn script(&self, mut sh: Command, verb: &str) -> Command {
        sh.arg(script("real-systemd.sh"))
            .arg(verb)
            .arg(self.folder.path());
        sh
    }

    /// Runs a command in there and returns what it says.
    #[track_caller]
    fn run(&self, home: &Home, words: &[&str]) -> String {
        let output = self
            .script(home.command("sh"), "in")
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Systemd {
    fn drop(&mut self) {
        let _ = self.script(Command::new("sh"), "down").status();
    }
}

#[test]
fn under_a_real_systemd_a_worker_outlives_the_tick_that_started_it() {
    let odd = Odd::new(
        "[workers.w]\ncommand = [\"sh\", \"-c\", 'echo $$ >\"$HOME/pid\"; echo \"$PATH\" >\"$HOME/path\"; until [ -e \"$HOME/go\" ]; do sleep 0.05; done']\n",
    );
    let home = &odd.home;
    let Some(systemd) = Systemd::boot(home) else {
        return;
    };
    let program = odd.program.to_str().unwrap();
    let card = home.create("under systemd", "w", &[]);
    let install = [
        program,
        "timer",
        "install",
        "--kind",
        "systemd-system",
        "--every",
        "1s",
    ];
    systemd.run(home, &install);
    let units = systemd.folder.path().join("units");
    assert!(units.join(TIMER).exists() && units.join(SERVICE).exists());

    home.wait_until("the worker runs", || odd.file("pid").exists());
    let mut ticks = std::collections::BTreeSet::new();
    home.wait_until("three ticks came and went", || {
        let show = [
            "systemctl",
            "show",
            "--value",
            "--property=InvocationID",
            SERVICE,
        ];
        ticks.insert(systemd.run(home, &show));
        ticks.len() > 3
    });
    home.wait_until("no tick is running", || {
        let show = [
            "systemctl",
            "show",
            "--value",
            "--property=ActiveState",
            SERVICE,
        ];
        systemd.run(home, &show) == "inactive"
    });
    let pid = std::fs::read_to_string(odd.file("pid")).unwrap();
    systemd.run(home, &["kill", "-0", pid.trim()]);
    assert_eq!(home.status(&card), "running");

    std::fs::write(odd.file("go"), "").unwrap();
    home.wait_until("the card is done", || home.status(&card) == "done");
    assert_eq!(home.runs(&card).len(), 1);
    let got = std::fs::read_to_string(odd.file("path")).unwrap();
    assert_eq!(got.trim_end(), odd.path);

    systemd.run(
        home,
        &[
            program,
            "timer",
            "install",
            "--kind",
            "systemd-system",
            "--every",
            "7s",
        ],
    );
    let next = [
        "systemctl",
        "show",
        "--value",
        "--property=TimersMonotonic",
        TIMER,
    ];
    assert!(systemd.run(home, &next).contains("OnUnitActiveUSec=7s"));
    systemd.run(home, &[program, "timer", "remove"]);
    assert!(!units.join(TIMER).exists() && !units.join(SERVICE).exists());
    let state = [
        "systemctl",
        "show",
        "--value",
        "--property=ActiveState",
        TIMER,
    ];
    assert_eq!(systemd.run(home, &state), "inactive");
}

#[test]
fn the_systemd_of_a_user_is_what_is_used_where_it_answers() {
    let odd =
        Odd::new("[workers.w]\ncommand = [\"sh\", \"-c\", 'echo \"$PATH\" >\"$HOME/path\"']\n");
    let home = &odd.home;
    let Some(systemd) = Systemd::boot(home) else {
        return;
    };
    const RUNTIME: &str = "/run/user/kanban";
    let units = home.path().join(".config/systemd/user");
    let unit_path = format!(
        "SYSTEMD_UNIT_PATH={}:/usr/lib/systemd/user",
        units.display()
    );
    let (folder, runtime) = (
        home.path().display().to_string(),
        format!("XDG_RUNTIME_DIR={RUNTIME}"),
    );
    systemd.run(home, &["mkdir", "-m", "700", RUNTIME]);
    let variables = [
        "env",
        "-i",
        "PATH=/usr/bin:/bin",
        &format!("HOME={folder}"),
        &runtime,
        &unit_path,
    ];
    let manager = [
        "systemd-run",
        "--quiet",
        "--property=Delegate=yes",
        "--unit=a-user",
    ];
    let program = ["/lib/systemd/systemd", "--user"];
    systemd.run(home, &[&manager[..], &variables, &program].concat());

    let own = |words: &[&str]| {
        let mut command = systemd.script(home.command("sh"), "in");
        command.args(["env", &runtime]).args(words);
        command.output().unwrap()
    };
    home.wait_until("the user's systemd answers", || {
        own(&["systemctl", "--user", "show"]).status.success()
    });
    let card = home.create("under a user's systemd", "w", &[]);
    let timer = |words: &[&str]| {
        let output = own(&[&[odd.program.to_str().unwrap(), "timer"], words].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    timer(&["install", "--every", "1s"]);
    assert!(units.join(TIMER).exists() && units.join(SERVICE).exists());
    home.wait_until("the card is done", || home.status(&card) == "done");
    let got = std::fs::read_to_string(odd.file("path")).unwrap();
    assert_eq!(got.trim_end(), odd.path);

    timer(&["remove"]);
    assert_eq!(
        std::fs::read_dir(units.join("timers.target.wants")).map_or(0, Iterator::count),
        0
    );
    assert!(!units.join(TIMER).exists() && !units.join(SERVICE).exists());
    let state = own(&["systemctl", "--user", "is-active", TIMER]);
    assert_eq!(String::from_utf8_lossy(&state.stdout).trim(), "inactive");
}

#[test]
fn a_unit_that_would_kill_its_workers_starts_none() {
    let home = Home::new("[workers.w]\ncommand = ['true']\n");
    let Some(systemd) = Systemd::boot(&home) else {
        return;
    };
    let card = home.create("x", "w", &[]);
    let folder = home.path().display().to_string();
    let tick = |mode: &str, unit: &str| {
        let errors = home.path().join(format!("{unit}.errors"));
        // Without a bus, systemd-run neither waits nor passes on what is said.
        let started = systemd
            .script(home.command("sh"), "in")
            .args([
                "systemd-run",
                "--quiet",
                "--no-block",
                "--property=Type=oneshot",
            ])
            .arg(format!("--property=KillMode={mode}"))
            .arg(format!(
                "--property=StandardError=file:{}",
                errors.display()
            ))
            .arg(format!("--unit={unit}"))
            .arg(format!("--setenv=KANBAN_HOME={folder}"))
            .args(["sh", "-c", "\"$0\" tick; echo \"exit $?\" >&2"])
            .arg(PROGRAM)
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}");
        let said = || std::fs::read_to_string(&errors).unwrap_or_default();
        home.wait_until("the tick is over", || said().contains("exit "));
        (said().contains("exit 0"), said())
    };
    for mode in ["control-group", "mixed"] {
        let (well, said) = tick(mode, &format!("bad-{mode}"));
        assert!(
            !well && said.contains(&format!("KillMode={mode}")),
            "{said}"
        );
        assert_eq!(home.status(&card), "ready", "nothing was claimed");
    }
    let (well, said) = tick("process", "good");
    assert!(well, "{said}");
    home.wait_until("the card is done", || home.status(&card) == "done");
}

#[test]
fn cgroups_below_a_delegated_unit_outlive_the_tick_that_created_them() {
    let home = Home::new("");
    let Some(systemd) = Systemd::boot(&home) else {
        return;
    };
    let facts = home
        .command("sh")
        .arg(script("real-cgroups.sh"))
        .arg(systemd.folder.path())
        .output()
        .unwrap();
    let held = String::from_utf8_lossy(&facts.stdout);
    assert!(facts.status.success(), "{held}{facts:?}");
    assert!(held.lines().count() > 50, "{held}");
}

/// The user id of `nobody`, which needs no account.
const ORDINARY: &str = "65534";

/// A board of an ordinary user, with a copy of the program that this user can execute.
fn ordinary(worker: &str) -> (Home, PathBuf) {
    let home = Home::new(worker);
    let program = home.path().join("kanban");
    std::fs::copy(PROGRAM, &program).unwrap();
    home.ok(&["init"]);
    (home, program)
}

fn give_to_ordinary_user(home: &Home) {
    let mut chown = home.command("chown");
    chown.args(["-R", &format!("{ORDINARY}:{ORDINARY}")]);
    assert!(chown.arg(home.path()).status().unwrap().success());
}

#[test]
fn system_unit_of_an_ordinary_user_starts_workers_without_dbus() {
    let (home, program) =
        ordinary("[workers.w]\ncommand = [\"sh\", \"-c\", 'id -u >\"$HOME/uid\"']\n");
    let Some(systemd) = Systemd::boot(&home) else {
        return;
    };
    let card = home.create("without D-Bus", "w", &[]);
    give_to_ordinary_user(&home);
    let as_user = ["setpriv", "--reuid", ORDINARY, "--clear-groups"];
    let ask = ["systemctl", "show", "--property=KillMode", SERVICE];
    let mut asked = systemd.script(home.command("sh"), "in");
    let asked = asked.args(as_user).args(ask).output().unwrap();
    assert!(
        !asked.status.success(),
        "this test needs a systemd that cannot be asked: {asked:?}"
    );

    let program = program.to_str().unwrap();
    let install = [
        "timer",
        "install",
        "--kind",
        "systemd-system",
        "--every",
        "1s",
    ];
    systemd.run(&home, &[&[program], &install[..]].concat());
    let uid = home.path().join("uid");
    home.wait_until("the worker ran", || uid.exists());
    home.wait_until("the card is done", || home.status(&card) == "done");
    assert_eq!(std::fs::read_to_string(uid).unwrap().trim(), ORDINARY);
    systemd.run(&home, &[program, "timer", "remove"]);
}

#[test]
fn refusal_of_a_unit_that_cannot_be_asked_states_its_setting_or_why_it_is_unknown() {
    let (home, program) = ordinary("[workers.w]\ncommand = ['true']\n");
    let Some(systemd) = Systemd::boot(&home) else {
        return;
    };
    let card = home.create("x", "w", &[]);
    give_to_ordinary_user(&home);
    let tick = |name: &str, lines: &str| {
        let errors = home.path().join(format!("{name}.errors"));
        let unit = systemd.folder.path().join(format!("units/{name}.service"));
        let text = format!(
            "[Service]\nType=oneshot\nUser={ORDINARY}\nEnvironment=KANBAN_HOME={}\nStandardError=file:{}\n\
             {lines}\nExecStart={} tick\nExecStopPost=sh -c 'echo exit $EXIT_STATUS >&2'\n",
            home.path().display(),
            errors.display(),
            program.display(),
        );
        std::fs::write(unit, text).unwrap();
        systemd.run(&home, &["systemctl", "daemon-reload"]);
        systemd.run(&home, &["systemctl", "start", "--no-block", name]);
        let said = || std::fs::read_to_string(&errors).unwrap_or_default();
        home.wait_until("the tick is over", || said().contains("exit "));
        said()
    };
    let said = tick("kills", "KillMode=mixed");
    assert!(
        said.contains("KillMode=mixed, so systemd would kill"),
        "{said}"
    );
    // The leading plus has root run it.
    let said = tick(
        "lost",
        "KillMode=process\nExecStartPre=+rm /etc/systemd/system/lost.service",
    );
    for part in [
        "cannot tell whether",
        "systemctl show failed (",
        "D-Bus",
        "/etc/systemd/system, ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(
        !said.contains("KillMode="),
        "the unit has that setting: {said}"
    );
    assert_eq!(home.status(&card), "ready", "nothing was claimed");
    let said = tick("keeps", "KillMode=process");
    assert!(said.contains("exit 0"), "{said}");
    home.wait_until("the card is done", || home.status(&card) == "done");
}

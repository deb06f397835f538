//! Timers: what is printed, installed and removed, with stand-ins for the programs of the system.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::{Home, PROGRAM, text};

/// A crontab in a file of the home; files called "refuse" and "broken" make it fail.
const CRONTAB: &str = r#"#!/bin/sh
case $1 in
-l) [ ! -e "$HOME/broken" ] || { echo "disk on fire" >&2; exit 1; }
    [ -e "$HOME/crontab" ] || { echo "no crontab for you" >&2; exit 1; }; cat "$HOME/crontab" ;;
-) [ ! -e "$HOME/refuse" ] || { echo "bad minute" >&2; exit 1; }; cat >"$HOME/crontab" ;;
-r) rm "$HOME/crontab" ;;
esac
"#;

/// Answers if there is a file called "manager", and writes down what it is told.
const SYSTEMCTL: &str = r#"#!/bin/sh
[ -e "$HOME/manager" ] || { echo "Failed to connect to bus" >&2; exit 1; }
case $* in
*show*) exit 0 ;;
*enable*) [ ! -e "$HOME/refuse" ] || { echo "Failed to enable" >&2; exit 1; } ;;
esac
echo "$*" >>"$HOME/told"
"#;

pub const TIMER: &str = "kanban-tick-default.timer";
pub const SERVICE: &str = "kanban-tick-default.service";

/// A home with a board, whose PATH begins with the stand-ins. No test may reach the machine's own.
fn home() -> Home {
    let home = bare(&format!(
        "/usr/local/bin:/usr/bin:/bin:{}",
        std::env::var("PATH").unwrap()
    ));
    home.ok(&["init"]);
    home
}

fn bare(path: &str) -> Home {
    let home = Home::new("[workers.w]\ncommand = [\"true\"]\n");
    let bin = home.path().join("stand ins");
    std::fs::create_dir(&bin).unwrap();
    for (name, script) in [
        ("crontab", CRONTAB),
        ("systemctl", SYSTEMCTL),
        ("loginctl", "#!/bin/sh\necho Linger=no\n"),
    ] {
        let file = bin.join(name);
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{path}", bin.display());
    home.with("PATH", &path)
}

fn units(home: &Home) -> PathBuf {
    home.path().join(".config/systemd/user")
}

fn put(home: &Home, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(home.path().join(name), content).unwrap();
}

fn crontab(home: &Home) -> Option<Vec<u8>> {
    std::fs::read(home.path().join("crontab")).ok()
}

fn told(home: &Home) -> String {
    let told = std::fs::read_to_string(home.path().join("told")).unwrap_or_default();
    let _ = std::fs::remove_file(home.path().join("told"));
    told
}

/// The texts of a kind, by the ends of their paths.
fn texts(home: &Home, args: &[&str]) -> Vec<(PathBuf, String)> {
    let printed = home.json(&[&["timer", "print"], args].concat());
    let each = printed["written"].as_array().unwrap().iter();
    each.map(|file| (text(&file["path"]).into(), text(&file["text"])))
        .collect()
}

#[test]
fn every_kind_is_printed_with_this_program_and_these_variables() {
    let home = home();
    let config = home.path().join("config.toml").display().to_string();
    for (kind, parts) in [
        (
            "systemd",
            &[
                "Type=oneshot\n",
                "KillMode=process\n",
                "Delegate=yes\n",
                "OnCalendar=*-*-* *:0/1:00\n",
            ][..],
        ),
        (
            "systemd-system",
            &["Type=oneshot\n", "KillMode=process\n", "Delegate=yes\n"],
        ),
        ("cron", &["# BEGIN kanban default\n", "\n* * * * * env "]),
        ("launchd", &["<integer>60</integer>", "AbandonProcessGroup"]),
    ] {
        let printed = home.ok(&["timer", "print", "--kind", kind]).stdout;
        for part in parts
            .iter()
            .chain(&[PROGRAM, "stand ins", "KANBAN_HOME", "C.UTF-8", &config])
        {
            assert!(printed.contains(part), "{part:?} in {printed}");
        }
        let files = texts(&home, &["--kind", kind]);
        assert!(files.iter().all(|(_, text)| printed.contains(text)));
    }
    assert!(crontab(&home).is_none() && !units(&home).exists());
}

#[test]
fn a_program_behind_a_link_on_the_path_is_called_by_the_link() {
    let home = home();
    let link = home.path().join("stand ins/kanban");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let printed = home.ok(&["timer", "print", "--kind", "cron"]).stdout;
    assert!(printed.contains(link.to_str().unwrap()), "{printed}");
    assert!(!printed.contains(PROGRAM), "{printed}");
}

#[test]
fn systemd_itself_takes_the_units_and_python_the_agent() {
    let odd = "/odd %h:/$HOME/\"q\":/it's:/back\\slash:/ü 界:/semi ; colon:/hash # tag";
    let home = home().with("LANG", odd);
    let analyze = |folder: &Path| {
        let mut tool = home.command("systemd-analyze");
        tool.current_dir(folder).env("XDG_RUNTIME_DIR", folder);
        tool.args(["verify", "--user", "--man=no", "--recursive-errors=yes"]);
        tool.args([&format!("./{SERVICE}"), &format!("./{TIMER}")]);
        tool.output()
    };
    for every in ["1s", "7s", "1min", "90min", "12h", "1d", "3d"] {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in texts(&home, &["--kind", "systemd", "--every", every]) {
            std::fs::write(folder.path().join(path.file_name().unwrap()), text).unwrap();
        }
        let Ok(verdict) = analyze(folder.path()) else {
            eprintln!("skipped: there is no systemd-analyze");
            break;
        };
        assert!(verdict.status.success(), "{every}: {verdict:?}");
    }
    let (_, agent) = texts(&home, &["--kind", "launchd"]).remove(0);
    let reader =
        "import json,plistlib,sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))";
    let mut python = home.command("python3");
    python.args(["-c", reader]).stdout(Stdio::piped());
    // The machine's own, without the stand-ins.
    python.env("PATH", std::env::var_os("PATH").unwrap());
    let Ok(mut python) = python.stdin(Stdio::piped()).spawn() else {
        eprintln!("skipped: there is no python3");
        return;
    };
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), agent.as_bytes()).unwrap();
    let read: Value =
        serde_json::from_slice(&python.wait_with_output().unwrap().stdout).expect(&agent);
    assert_eq!(read["EnvironmentVariables"]["LANG"], odd);
    assert_eq!(read["ProgramArguments"][0], PROGRAM);
    assert_eq!(
        (&read["StartInterval"], &read["AbandonProcessGroup"]),
        (&60.into(), &true.into())
    );
}

#[test]
fn a_crontab_keeps_every_line_that_is_not_ours() {
    let home = home();
    home.ok(&["timer", "install"]);
    let alone = crontab(&home).unwrap();
    assert!(
        alone.starts_with(b"# BEGIN kanban default\n")
            && alone.ends_with(b"\n# END kanban default\n")
    );
    home.ok(&["timer", "remove"]);
    assert_eq!(crontab(&home), None, "there was no crontab before");

    let others = b"MAILTO=me\n# \xff\n0 1 * * * job # BEGIN kanban default\n\n";
    put(&home, "crontab", others);
    home.ok(&["timer", "install", "--kind", "cron"]);
    assert_eq!(crontab(&home).unwrap(), [&others[..], &alone].concat());
    home.ok(&["timer", "install", "--kind", "cron", "--every", "5m"]);
    let changed = String::from_utf8_lossy(&crontab(&home).unwrap()).into_owned();
    assert!(changed.contains("\n*/5 * * * * env "), "{changed}");
    assert_eq!(changed.matches("BEGIN kanban").count(), 2, "{changed}");
    home.ok(&["timer", "remove", "--kind", "cron"]);
    assert_eq!(crontab(&home).unwrap(), others);
    let again = home.ok(&["timer", "remove"]);
    assert!(
        again.stderr.contains("no timer of board default here"),
        "{}",
        again.stderr
    );
}

#[test]
fn a_crontab_that_is_not_as_it_was_left_is_not_touched() {
    let home = home();
    for (content, why) in [
        ("# BEGIN kanban default\n* * * * * x\n", "is missing"),
        (
            "# BEGIN kanban default\n# kanban timer: board default of /other\n# END kanban default\n",
            "not written for this home",
        ),
    ] {
        put(&home, "crontab", content);
        for verb in ["install", "remove"] {
            let refused = home.kanban(&["timer", verb, "--kind", "cron"]).expect(4);
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
            assert_eq!(crontab(&home).unwrap(), content.as_bytes());
        }
    }
    put(&home, "crontab", "0 1 * * * x\n");
    // What cannot be read is not taken for empty, and does not hide what else was done.
    put(&home, "broken", "");
    home.ok(&["timer", "install", "--kind", "systemd"]);
    let half = home.kanban(&["timer", "remove"]).expect(1);
    assert!(half.stdout.contains("removed ") && half.stderr.contains("disk on fire"));
    home.kanban(&["timer", "install", "--kind", "cron"])
        .expect(1);
    assert_eq!(crontab(&home).unwrap(), b"0 1 * * * x\n");
    std::fs::remove_file(home.path().join("broken")).unwrap();
    put(&home, "refuse", "");
    let failed = home
        .kanban(&["timer", "install", "--kind", "cron"])
        .expect(1);
    assert!(failed.stderr.contains("bad minute"), "{}", failed.stderr);
    assert_eq!(crontab(&home).unwrap(), b"0 1 * * * x\n");
}

#[test]
fn units_are_written_where_nobody_answers_and_the_commands_are_told() {
    let home = home();
    let done = home.json(&["timer", "install", "--kind", "systemd"]);
    assert_eq!(
        done["to_run"],
        serde_json::json!([
            "systemctl --user daemon-reload",
            format!("systemctl --user enable --now {TIMER}")
        ])
    );
    assert_eq!(done["ran"], serde_json::json!([]));
    let service = units(&home).join(SERVICE);
    assert_eq!(
        service.metadata().unwrap().permissions().mode() & 0o777,
        0o644
    );
    // What "systemctl enable" makes, and what belongs to somebody else.
    let wants = units(&home).join("timers.target.wants");
    std::fs::create_dir(&wants).unwrap();
    std::os::unix::fs::symlink(units(&home).join(TIMER), wants.join(TIMER)).unwrap();
    std::os::unix::fs::symlink(units(&home).join("x.timer"), wants.join("x.timer")).unwrap();
    std::fs::write(units(&home).join("x.timer"), "[Timer]\n").unwrap();
    let removed = home.ok(&["timer", "remove"]).stdout;
    assert!(
        removed.contains("systemctl --user daemon-reload"),
        "{removed}"
    );
    let mut left: Vec<_> = [units(&home), wants]
        .iter()
        .flat_map(|dir| std::fs::read_dir(dir).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["timers.target.wants", "x.timer", "x.timer"]);
}

#[test]
fn doctor_names_units_without_delegation_until_install_writes_them_again() {
    let home = home();
    let units = units(&home);
    let named = || -> Vec<String> {
        let found = home.json(&["doctor"]);
        let found = found.as_array().unwrap().iter();
        let of_units = found.filter(|finding| finding["about"] == "unit");
        of_units.map(|finding| text(&finding["what"])).collect()
    };
    let install = |ticked: &[&str]| {
        home.ok(&[&["timer", "install", "--kind", "systemd"], ticked].concat());
    };
    // As a version wrote them that did not delegate.
    let age = |service: &str| {
        let path = units.join(service);
        let now = std::fs::read_to_string(&path).unwrap();
        assert!(now.contains("\nDelegate=yes\n"), "{now}");
        std::fs::write(path, now.replace("\nDelegate=yes\n", "\n")).unwrap();
    };
    install(&["--board", "default"]);
    install(&["--all"]);
    assert_eq!(named(), [""; 0]);
    age(SERVICE);
    age("kanban-tick.service");
    let old = named();
    for (said, path, command) in [
        (
            &old[0],
            SERVICE,
            "kanban timer install --kind systemd --board default ",
        ),
        (
            &old[1],
            "kanban-tick.service",
            "kanban timer install --kind systemd --all ",
        ),
    ] {
        assert!(said.contains(path) && said.contains(command), "{said}");
    }
    let drop_in = units.join("kanban-tick.service.d/delegate.conf");
    std::fs::create_dir_all(drop_in.parent().unwrap()).unwrap();
    std::fs::write(drop_in, "[Service]\nDelegate=yes\n").unwrap();
    assert_eq!(named(), [old[0].clone()], "a drop-in delegates too");
    install(&["--board", "default"]);
    assert_eq!(named(), [""; 0]);

    let other = "# kanban timer: board x of /other\n[Service]\nType=oneshot\n";
    std::fs::write(units.join("kanban-tick-x.service"), other).unwrap();
    assert_eq!(named(), [""; 0], "the timer of another home");
}

#[test]
fn a_manager_that_answers_is_told_and_one_that_refuses_leaves_all_as_it_was() {
    let home = home();
    put(&home, "manager", "");
    let done = home.ok(&["timer", "install"]);
    assert!(done.stderr.contains("enable-linger"), "{}", done.stderr);
    assert_eq!(
        told(&home),
        format!("--user daemon-reload\n--user enable --now {TIMER}\n")
    );
    home.ok(&["timer", "install", "--every", "5m"]);
    assert!(told(&home).ends_with(&format!("--user restart {TIMER}\n")));
    let content = || std::fs::read_to_string(units(&home).join(TIMER)).ok();
    let five = content().unwrap();
    assert!(five.contains("0/5:00"), "{five}");

    put(&home, "refuse", "");
    let failed = home
        .kanban(&["timer", "install", "--every", "10m"])
        .expect(1);
    assert!(
        failed.stderr.contains("Failed to enable"),
        "{}",
        failed.stderr
    );
    assert_eq!(content().unwrap(), five);
    told(&home);
    home.ok(&["timer", "remove"]);
    assert_eq!(
        told(&home),
        format!("--user disable --now {TIMER}\n--user daemon-reload\n")
    );
    home.kanban(&["timer", "install"]).expect(1);
    assert_eq!(std::fs::read_dir(units(&home)).unwrap().count(), 0);
}

#[test]
fn files_of_others_are_left_alone() {
    let home = home();
    std::fs::create_dir_all(units(&home)).unwrap();
    let timer = units(&home).join(TIMER);
    for (content, why) in [
        ("[Timer]\n", "was not written by kanban"),
        ("# kanban timer: board default of /other\n", "another home"),
    ] {
        std::fs::write(&timer, content).unwrap();
        for verb in ["install", "remove"] {
            let refused = home.kanban(&["timer", verb, "--kind", "systemd"]).expect(4);
            assert!(refused.stderr.contains(why), "{}", refused.stderr);
        }
        // Ours can go all the same.
        home.ok(&["timer", "install", "--kind", "cron"]);
        let removed = home.ok(&["timer", "remove"]);
        assert!(removed.stderr.contains(why), "{}", removed.stderr);
        assert_eq!(crontab(&home), None);
        assert_eq!(std::fs::read_to_string(&timer).unwrap(), content);
        assert!(!units(&home).join(SERVICE).exists());
    }
    std::fs::remove_file(&timer).unwrap();
    std::os::unix::fs::symlink("/dev/null", &timer).unwrap();
    home.kanban(&["timer", "install", "--kind", "systemd"])
        .expect(4);
    assert!(timer.is_symlink());
}

#[test]
fn a_dry_run_writes_and_tells_nobody_anything() {
    let home = home();
    put(&home, "manager", "");
    for kind in ["systemd", "systemd-system", "cron", "launchd"] {
        let shown = home.ok(&["timer", "install", "--dry-run", "--kind", kind]);
        assert!(shown.stdout.starts_with("would write "), "{}", shown.stdout);
        assert!(shown.stdout.contains(PROGRAM), "{}", shown.stdout);
    }
    for never in ["told", "crontab", ".config", "Library"] {
        assert!(!home.path().join(never).exists(), "{never}");
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_written() {
    let empty = tempfile::tempdir().unwrap();
    let lost = Home::new("").with("PATH", &empty.path().display().to_string());
    lost.ok(&["init"]);
    let none = lost.kanban(&["timer", "install"]).expect(1);
    assert!(
        none.stderr
            .contains("systemd, systemd-system, cron or launchd"),
        "{}",
        none.stderr
    );
    let home = home();
    for (args, code, why) in [
        (&["--kind", "cron", "--every", "7m"][..], 2, "every 7m"),
        (&["--kind", "launchd", "--every", "5s"], 2, "10 seconds"),
        (&["--every", "0s"], 2, "at least a second"),
        (&["--board", "nowhere"], 3, "there is no board"),
    ] {
        let refused = home
            .kanban(&[&["timer", "install"], args].concat())
            .expect(code);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let long = format!("{}:/usr/bin:/bin", "/a".repeat(600));
    let home = bare(&long);
    home.ok(&["init"]);
    let refused = home
        .kanban(&["timer", "install", "--kind", "cron"])
        .expect(2);
    assert!(
        refused.stderr.contains("cron takes 998"),
        "{}",
        refused.stderr
    );
    assert_eq!(crontab(&home), None);
}

#[test]
fn variables_that_a_timer_will_not_have_are_named_and_never_written() {
    let home = Home::new("[workers.w]\ncommand = [\"true\"]\npass_env = [\"API_KEY\"]\n")
        .with("API_KEY", "secret");
    home.ok(&["init"]);
    let done = home.ok(&["timer", "install", "--dry-run", "--kind", "launchd"]);
    assert!(done.stderr.contains("API_KEY"), "{}", done.stderr);
    assert!(!done.stdout.contains("secret"), "{}", done.stdout);
}

#[test]
fn one_timer_serves_all_boards_beside_those_of_one() {
    let home = home();
    home.ok(&["boards", "create", "website"]);
    let print = ["timer", "print", "--kind", "systemd", "--all"];
    let units = home.ok(&print).stdout;
    for part in ["kanban-tick.timer", "kanban-tick.service", " tick --all"] {
        assert!(units.contains(part), "{part}: {units}");
    }
    let one = ["timer", "install", "--kind", "cron", "--board", "default"];
    home.ok(&one);
    let alone = crontab(&home).unwrap();
    let all = ["timer", "install", "--kind", "cron", "--all", "--json"];
    let done = home.ok(&all).value();
    assert!(done["board"].is_null(), "{done}");
    let both = String::from_utf8(crontab(&home).unwrap()).unwrap();
    assert!(both.contains("\n# kanban timer: all boards of "), "{both}");
    assert_eq!(both.matches(" tick --all").count(), 1, "{both}");
    home.ok(&["timer", "remove", "--kind", "cron", "--all"]);
    assert_eq!(crontab(&home).unwrap(), alone);
    let again = home.ok(&["timer", "remove", "--all"]);
    assert!(
        again.stderr.contains("no timer of all boards here"),
        "{again:?}"
    );
    for board in ["default", "website"] {
        home.ok(&["boards", "rm", board, "--yes"]);
    }
    home.kanban(&["timer", "install", "--all"]).expect(3);
}

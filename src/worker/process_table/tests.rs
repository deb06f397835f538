//! Tests of what the process table reads from the system.

use super::ps::ps_line;
use super::*;

const NONCE: &str = "07f08ac41998d0fe6c535eec004720cf";

fn stat(name: &str) -> String {
    format!("42 ({name}) S 7 40 39 0 -1 4194304 1 0 0 0 3 4 0 0 20 0 1 0 98765 1000 2")
}

#[test]
fn stat_of_a_program_with_any_name_is_parsed() {
    for name in [
        "sh",
        "",
        "a b",
        "a) Z 1 1 1",
        ") (",
        "(((",
        "a\nb",
        "\u{fffd}",
    ] {
        let stat = Stat::parse(&stat(name)).unwrap();
        assert_eq!(stat.state, 'S', "{name}");
        assert_eq!(
            (stat.parent, stat.group, stat.session),
            (7, 40, 39),
            "{name}"
        );
        assert_eq!(stat.started, 98765, "{name}");
    }
}

#[test]
fn incomplete_stat_is_refused() {
    let whole = stat("sh");
    let started = whole.find(" 98765").unwrap();
    for end in 0..=started {
        assert!(Stat::parse(&whole[..end]).is_none(), "{}", &whole[..end]);
    }
    assert!(Stat::parse("42 (sh) S x 40 39").is_none());
}

#[test]
fn nonces_are_found_in_whole_entries_alone() {
    let nonces = |text: &str| nonces_in(text.split('\0').map(str::as_bytes));
    let entry = format!("{COOKIE}={NONCE}");
    assert_eq!(nonces(&format!("A=b\0{entry}\0C=d")), [NONCE]);
    assert_eq!(
        nonces(&format!("{entry}\0{COOKIE}=other")),
        [NONCE, "other"]
    );
    for text in [
        "",
        "\0\0",
        "KANBAN_RUN_NONC=x",
        &format!("X{entry}"),
        &format!("A={entry}"),
    ] {
        assert_eq!(nonces(text), [""; 0], "{text}");
    }
}

fn alive(line: &str) -> Process {
    match ps_line(line) {
        Some(Seen::Alive(process)) => process,
        _ => panic!("{line} shows no living process"),
    }
}

#[test]
fn line_of_ps_is_parsed_with_its_environment() {
    let line = format!(
        "  1234     1  1200 Ss   Mon Nov 30 17:31:55 2026 sh -c x {COOKIE}={NONCE} HOME=/root"
    );
    let process = alive(&line);
    assert_eq!(
        (process.pid, process.parent, process.group),
        (1234, 1, 1200)
    );
    assert_eq!(process.session, None);
    assert_eq!(
        process.started,
        time::parse_ctime("Mon Nov 30 17:31:55 2026")
    );
    assert_eq!(process.cookie(NONCE), Cookie::Carried);
    assert_eq!(process.cookie("other"), Cookie::Absent);
    assert_eq!(alive("1 0 1 S Sun Nov  1 01:02:03 2026").pid, 1);
}

#[test]
fn dead_process_of_ps_counts_for_its_group_alone() {
    let line = "55 1 50 Z+ Mon Nov 30 17:31:55 2026 [sh] <defunct>";
    assert!(matches!(ps_line(line), Some(Seen::Dead { group: 50 })));
}

#[test]
fn line_of_ps_in_another_format_is_skipped() {
    for line in [
        "",
        "PID PPID PGID",
        "1 2",
        "1 2 3 S",
        "1 2 3 S Montag 30",
        "x 1 1 S Mon Nov 30 17:31:55 2026",
    ] {
        assert!(ps_line(line).is_none(), "{line}");
    }
}

fn table(processes: &[(i32, i32, i64)]) -> ProcessTable {
    let process = |&(pid, parent, started): &(i32, i32, i64)| {
        let process = Process {
            pid,
            parent,
            group: pid,
            session: Some(pid),
            started: Some(started),
            environment: Environment::Unreadable,
            supervisor: false,
        };
        (pid, process)
    };
    ProcessTable {
        all: processes.iter().map(process).collect(),
        dead_groups: HashSet::new(),
    }
}

#[test]
fn process_is_found_by_number_and_start_time() {
    // Numbers that no process can have.
    let table = table(&[(5_000_001, 1, 100)]);
    let id = |pid, started| ProcessId { pid, started };
    assert!(table.find(id(5_000_001, Some(100))).is_some());
    for (pid, started) in [
        (5_000_001, Some(103)),
        (5_000_001, None),
        (5_000_002, Some(100)),
    ] {
        assert!(table.find(id(pid, started)).is_none());
    }
    assert!(table.is_reused(id(5_000_001, Some(103))));
    assert!(
        !table.is_reused(id(5_000_001, None)),
        "it may be the same one"
    );
    assert!(
        !table.is_reused(id(5_000_002, Some(103))),
        "no process has the number"
    );
}

#[test]
fn tree_has_every_descendant_once_even_in_a_loop_of_numbers() {
    let table = table(&[
        (5_000_001, 5_000_003, 1),
        (5_000_002, 5_000_001, 1),
        (5_000_003, 5_000_002, 1),
        (5_000_004, 1, 1),
    ]);
    let mut found: Vec<i32> = table
        .trees_of([5_000_001, 5_000_002, 5_000_009])
        .iter()
        .map(|p| p.pid)
        .collect();
    found.sort_unstable();
    assert_eq!(found, [5_000_001, 5_000_002, 5_000_003]);
    assert_eq!(table.subtrees([5_000_004]), HashSet::from([5_000_004]));
}

#[test]
fn table_of_another_namespace_or_without_this_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(proc::read(dir.path()).unwrap_err().contains("/proc/self"));
    let own = dir.path().join("self");
    std::os::unix::fs::symlink("1", &own).unwrap();
    assert_eq!(
        proc::read(dir.path()).unwrap_err(),
        "/proc shows another PID namespace"
    );
    std::fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink(std::process::id().to_string(), &own).unwrap();
    assert_eq!(
        proc::read(dir.path()).unwrap_err(),
        "/proc does not show this process"
    );
}

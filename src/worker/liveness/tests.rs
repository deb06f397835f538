//! Tests of the search with hand-made facts: no process of the run exists.

use super::*;
use crate::board::run_facts::{ProcessId, RunProcesses};
use crate::fsx::{self, Wait, forking};
use crate::worker::rundir;

const NOW: Seconds = 1_000;

fn here() -> Here {
    Here {
        boot: Some("this boot".into()),
        pid_namespace: Some("pid:[1]".into()),
    }
}

/// A run whose processes have numbers that no process can have.
fn suspect(dir: &RunDir) -> Suspect {
    let id = |pid| ProcessId {
        pid,
        started: Some(1),
    };
    Suspect {
        dir: dir.clone(),
        nonce: Nonce::from_random([5; 16]),
        name: "run 7".into(),
        lock: None,
        stage: Stage::Started,
        facts: RunFacts {
            claimed_at: 1,
            boot: "this boot".into(),
            pid_namespace: Some("pid:[1]".into()),
            processes: Some(RunProcesses {
                supervisor: id(5_000_001),
                worker: id(5_000_002),
                group: 5_000_002,
                session: 5_000_001,
                cgroup: None,
            }),
        },
        lease: Some(NOW + 100),
    }
}

fn unreadable() -> Result<ProcessTable, String> {
    Err("it is hidden".into())
}

fn why(verdict: Verdict) -> String {
    match verdict {
        Verdict::Alive(remains) => remains.why,
        other => panic!("{other:?}"),
    }
}

struct Folder {
    _temporary: tempfile::TempDir,
    dir: RunDir,
    lock: std::fs::File,
}

fn folder() -> Folder {
    let temporary = tempfile::tempdir().unwrap();
    let dir = RunDir::new(temporary.path(), &Nonce::from_random([5; 16]));
    let (lock, _) = dir.create().unwrap();
    Folder {
        _temporary: temporary,
        dir,
        lock,
    }
}

#[test]
fn run_without_processes_is_not_found_in_a_readable_table() {
    let run = folder();
    let found = search(
        &here(),
        &suspect(&run.dir),
        Lock::Free,
        &ProcessTable::read(),
        NOW,
    );
    assert_eq!(found, Verdict::NothingFound);
}

#[test]
fn claimed_run_without_processes_in_its_folder_is_dead_without_a_table() {
    let run = folder();
    let mut claimed = suspect(&run.dir);
    claimed.stage = Stage::Claimed;
    let found = search(
        &here(),
        &claimed.refreshed(),
        Lock::Free,
        &unreadable(),
        NOW,
    );
    assert_eq!(found, Verdict::Proven);
}

#[test]
fn claimed_run_whose_folder_names_processes_is_searched_for() {
    let run = folder();
    let mut claimed = suspect(&run.dir);
    claimed.stage = Stage::Claimed;
    let processes = claimed.facts.processes.take().unwrap();
    let note = rundir::ClaimNote {
        task: "t_12345678".into(),
        facts: claimed.facts.clone(),
    };
    rundir::note(&run.lock, &note).unwrap();
    rundir::note(&run.lock, &processes).unwrap();
    let refreshed = claimed.refreshed();
    assert_eq!(refreshed.stage, Stage::Started);
    assert_eq!(refreshed.facts.processes, Some(processes));
    let found = search(&here(), &refreshed, Lock::Free, &unreadable(), NOW);
    assert!(why(found).contains("the process table cannot be read"));
}

#[test]
fn another_boot_proves_death_unless_the_tree_lock_is_held() {
    let _alone = forking::nobody_forks();
    let run = folder();
    let mut old = suspect(&run.dir);
    old.facts.boot = "another boot".into();
    let ask = |suspect: &Suspect| search(&here(), suspect, Lock::Free, &unreadable(), NOW);
    assert_eq!(ask(&old), Verdict::Proven);
    let tree = fsx::create_private(&run.dir.tree()).unwrap();
    assert!(fsx::lock_exclusive(&tree, Wait::No).unwrap());
    assert!(why(ask(&old)).contains("tree lock of run 7"));
    drop(tree);
    assert_eq!(ask(&old), Verdict::Proven);
    old.facts.boot.clear();
    assert!(
        why(ask(&old)).contains("cannot be read"),
        "an unknown boot is no other boot"
    );
}

#[test]
fn another_namespace_is_held_until_the_lease_expires() {
    let run = folder();
    let mut elsewhere = suspect(&run.dir);
    elsewhere.facts.pid_namespace = Some("pid:[2]".into());
    let table = ProcessTable::read();
    let ask = |now| search(&here(), &elsewhere, Lock::Free, &table, now);
    assert!(why(ask(NOW)).contains("PID namespace"));
    assert_eq!(ask(NOW + 100), Verdict::Proven);
}

#[test]
fn unreadable_table_and_namespace_are_life_even_after_the_lease() {
    let run = folder();
    let blind = Here {
        pid_namespace: None,
        ..here()
    };
    let found = search(
        &blind,
        &suspect(&run.dir),
        Lock::Free,
        &unreadable(),
        NOW + 100,
    );
    assert!(why(found).contains("the process table cannot be read"));
}

#[test]
fn cgroup_that_is_not_mounted_here_is_a_doubt() {
    let run = folder();
    let mut in_cgroup = suspect(&run.dir);
    let processes = in_cgroup.facts.processes.as_mut().unwrap();
    processes.cgroup = Some(run.dir.path().join("kanban-x").display().to_string());
    let found = search(&here(), &in_cgroup, Lock::Free, &ProcessTable::read(), NOW);
    assert!(why(found).contains("the cgroup of run 7 cannot be looked at"));
}

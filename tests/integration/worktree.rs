//! Git worktrees as workspaces: a tree and a branch for each card, and nothing lost.

use std::path::{Path, PathBuf};

use crate::harness::{Home, text};

/// A home with a repository of one commit; `None` where there is no git.
fn home(config: &str) -> Option<(Home, PathBuf)> {
    let home = Home::new("").with("GIT_CONFIG_NOSYSTEM", "1");
    let repo = home.path().join("repo");
    std::fs::write(
        home.path().join("config.toml"),
        config.replace("REPO", &repo.display().to_string()),
    )
    .unwrap();
    let made = home.sh(
        "git --version && git init -q -b main repo && cd repo && git config user.email a@b && git config user.name n \
         && echo one > file && git add file && git commit -qm one",
    );
    if made.code != Some(0) {
        eprintln!("skipped: git does not work here: {}", made.stderr);
        return None;
    }
    Some((home, repo))
}

const CONFIG: &str = r#"
[defaults]
retry_delay = "0s"
tempfail_delay = "0s"
workspace_keep = "0s"
[boards.default]
default_workdir = "REPO"
[workers.commit]
command = ["sh", "-ec", "echo $KANBAN_TASK > mine; git add mine; git commit -qm \"$KANBAN_TASK\"; git branch --show-current; pwd"]
[workers.twice]
command = ["sh", "-ec", "echo $KANBAN_ATTEMPT >> tries; [ $KANBAN_ATTEMPT = 2 ]"]
[workers.slow]
command = ["sh", "-c", "touch up; while ! [ -e \"$KANBAN_HOME/go\" ]; do sleep 0.02; done"]
[workers.nothing]
command = ["true"]
"#;

fn path_of(home: &Home, id: &str) -> PathBuf {
    text(&home.json(&["show", id])["task"]["workspace_path"]).into()
}

#[test]
fn each_card_has_a_tree_and_a_branch_of_its_own() {
    let Some((home, repo)) = home(CONFIG) else {
        return;
    };
    let a = home.create("a", "commit", &["--workspace", "worktree"]);
    let b = home.create(
        "b",
        "commit",
        &["--workspace", "worktree", "--branch", "feature/b"],
    );
    let root = format!("worktree:{}", repo.display());
    let c = home.create("c", "commit", &["--workspace", &root]);
    home.quiet().expect(0);
    for (id, branch) in [
        (&a, format!("wt/{a}")),
        (&b, "feature/b".into()),
        (&c, format!("wt/{c}")),
    ] {
        let log = home.ok(&["log", id]).stdout;
        let place = repo.join(".worktrees").join(id);
        assert!(
            log.contains(&branch) && log.contains(&place.display().to_string()),
            "{log}"
        );
        let task = home.json(&["show", id])["task"].clone();
        assert_eq!(task["branch_name"], branch);
        assert_eq!(path_of(&home, id), place);
    }
    let main = home.sh("git -C repo log --oneline main | wc -l").stdout;
    assert_eq!(
        main.trim(),
        "1",
        "the repository's own branch is left alone"
    );
    let status = home.sh("git -C repo status --porcelain").stdout;
    assert_eq!(status, "", "nothing of ours shows up in the repository");
}

#[test]
fn a_retry_works_on_where_the_first_try_was_and_nothing_unsaved_is_removed() {
    let Some((home, repo)) = home(CONFIG) else {
        return;
    };
    let dirty = home.create("dirty", "twice", &["--workspace", "worktree"]);
    let ahead = home.create("ahead", "commit", &["--workspace", "worktree"]);
    let clean = home.create("clean", "nothing", &["--workspace", "worktree"]);
    home.quiet().expect(0);
    let tries = std::fs::read_to_string(path_of(&home, &dirty).join("tries")).unwrap();
    assert_eq!(tries, "1\n2\n");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    // A tick that did something tidies up.
    home.create("x", "nothing", &[]);
    home.quiet().expect(0);
    let there = |id: &str| repo.join(".worktrees").join(id).exists();
    assert!(there(&dirty), "it has files that are not committed");
    assert!(there(&ahead), "it has commits that are nowhere else");
    assert!(!there(&clean), "nothing would be lost");
    home.sh(&format!("git -C repo merge -q wt/{ahead}"))
        .expect(0);
    home.create("y", "nothing", &[]);
    home.quiet().expect(0);
    assert!(!there(&ahead), "its commits are on another branch now");
    home.sh(&format!("git -C repo rev-parse -q --verify wt/{ahead}"))
        .expect(0);
}

/// Two `git worktree add` of one repository at a time make one of them fail now and then: it reads the
/// other's half-made tree.
#[test]
fn trees_of_one_repository_are_made_one_after_the_other() {
    let Some((home, _)) = home(CONFIG) else {
        return;
    };
    let real = home.sh("command -v git").stdout;
    let shim = home.path().join("bin/git");
    std::fs::create_dir(home.path().join("bin")).unwrap();
    std::fs::write(
        &shim,
        format!(
            "#!/bin/sh\ncase \"$*\" in *'worktree add'*) ;; *) exec {git} \"$@\";; esac\n\
             mkdir '{home}/alone' || echo \"$*\" >> '{home}/together'\n\
             sleep 0.1; {git} \"$@\"; ended=$?; rmdir '{home}/alone'; exit $ended\n",
            git = real.trim(),
            home = home.path().display(),
        ),
    )
    .unwrap();
    home.sh("chmod 755 bin/git").expect(0);
    let path = format!(
        "{}:{}",
        shim.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let home = home.with("PATH", &path);
    for title in ["a", "b", "c"] {
        home.create(title, "nothing", &["--workspace", "worktree"]);
    }
    home.quiet().expect(0);
    assert!(!home.path().join("together").exists());
}

#[test]
fn nobody_works_in_the_tree_of_another_card() {
    let Some((home, _)) = home(CONFIG) else {
        return;
    };
    let slow = home.create("slow", "slow", &["--workspace", "worktree"]);
    home.ok(&["tick"]);
    home.wait_until("it works", || {
        home.json(&["show", &slow])["task"]["workspace_path"].is_string()
            && path_of(&home, &slow).join("up").exists()
    });
    let same = format!("worktree:{}", path_of(&home, &slow).display());
    let other = home.create("other", "nothing", &["--workspace", &same]);
    let twin = home.create(
        "twin",
        "nothing",
        &["--workspace", "worktree", "--branch", &format!("wt/{slow}")],
    );
    home.ok(&["tick"]);
    home.wait_until("both are refused", || {
        [&other, &twin].into_iter().all(|id| {
            home.kanban(&["tick"]);
            home.json(&["show", id])["runs"][0]["outcome"] == "spawn_failed"
        })
    });
    let error = text(&home.runs(&other)[0]["error"]);
    assert!(error.contains("another card is being worked on"), "{error}");
    std::fs::write(home.path().join("go"), "").unwrap();
    home.wait_until("it is done", || home.status(&slow) == "done");
    home.wait_until("the other is refused for good", || {
        home.kanban(&["tick"]);
        home.runs(&other).iter().any(|r| {
            r["error"]
                .as_str()
                .is_some_and(|e| e.contains(&format!("belongs to {slow}")))
        }) || home.status(&other) == "blocked"
    });
}

#[test]
fn what_cannot_be_a_worktree_is_told() {
    let Some((home, _)) = home(&CONFIG.replace("default_workdir = \"REPO\"", "")) else {
        return;
    };
    let said = home
        .kanban(&["create", "x", "--workspace", "worktree"])
        .expect(2)
        .stderr;
    assert!(said.contains("default_workdir"), "{said}");
    home.kanban(&["create", "x", "--workspace", "worktree:relative"])
        .expect(2);
    home.kanban(&["create", "x", "--branch", "--force"])
        .expect(2);
    home.kanban(&["create", "x", "--branch=a..b"]).expect(2);
    let nowhere = tempfile::tempdir().unwrap();
    let place = format!("worktree:{}/x", nowhere.path().display());
    let id = home.create("x", "nothing", &["--workspace", &place]);
    home.ok(&["tick"]);
    home.wait_until("the start fails", || {
        home.kanban(&["tick"]);
        home.json(&["show", &id])["runs"][0]["error"].is_string()
    });
    let error = text(&home.runs(&id)[0]["error"]);
    assert!(error.contains("is in no git repository"), "{error}");
    assert!(!Path::new(&format!("{}/x", nowhere.path().display())).exists());
}

#[test]
fn artifacts_outlive_the_workspace() {
    let home = Home::new(
        "[defaults]\nworkspace_keep = '0s'\n[workers.w]\ncommand = ['sh', '-c', 'mkdir -p artifacts; echo kept > artifacts/result']",
    );
    let id = home.create("x", "w", &[]);
    home.quiet().expect(0);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    home.create("y", "w", &[]);
    home.quiet().expect(0);
    let kept = home.board("artifacts").join(&id);
    assert_eq!(
        std::fs::read_to_string(kept.join("result")).unwrap(),
        "kept\n"
    );
    assert!(!home.board("workspaces").join(&id).exists());
    assert!(
        home.ok(&["show", &id])
            .stdout
            .contains(&kept.display().to_string())
    );
}

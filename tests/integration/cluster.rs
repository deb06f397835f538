//! Jobs of a real Slurm cluster as workers: exit 0 proves nothing, and a job that has to end ends in the cluster.

use std::path::Path;
use std::process::Command;

use crate::harness::{Home, text};

struct Cluster {
    folder: tempfile::TempDir,
    conf: String,
}

fn script() -> Command {
    let mut sh = Command::new("sh");
    sh.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/real-slurm.sh"));
    sh
}

impl Cluster {
    fn up() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let output = script().arg("up").arg(folder.path()).output().unwrap();
        if output.status.code() == Some(77) {
            eprintln!(
                "skipped: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
            return None;
        }
        assert!(output.status.success(), "{output:?}");
        let conf = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        Some(Self { folder, conf })
    }

    /// The names of the jobs that the cluster knows and that are not over.
    fn jobs(&self) -> String {
        let output = Command::new("squeue")
            .args(["--noheader", "--format=%j"])
            .env("SLURM_CONF", &self.conf)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = script().arg("down").arg(self.folder.path()).status();
    }
}

#[test]
fn a_job_reports_for_itself_and_ends_in_the_cluster_when_it_has_to() {
    let Some(cluster) = Cluster::up() else {
        return;
    };
    let worker = |name: &str, job: &str| {
        format!(
            "[workers.{name}]\npreset = 'slurm'\nenv = {{ SLURM_CONF = '{}' }}\ngrace = '5s'\ncommand = ['sh', '-c', '{job}']\n",
            cluster.conf
        )
    };
    let report = r#""$KANBAN_BIN" complete "$KANBAN_TASK" --summary "from job $SLURM_JOB_ID""#;
    let config = worker("reports", report)
        + &worker("silent", "true")
        + &worker("endless", "trap \"\" TERM; while :; do sleep 0.1; done")
        + "[defaults]\nfailure_limit = 1\n";
    let home = Home::new(&config);

    let good = home.create("good", "reports", &[]);
    home.quiet().expect(0);
    let result = text(&home.json(&["show", &good])["task"]["result"]);
    assert!(result.starts_with("from job "), "{result}");

    let silent = home.create("silent", "silent", &[]);
    home.ok(&["tick"]);
    home.wait_until("the silent one is booked", || {
        home.kanban(&["tick"]);
        home.runs(&silent)[0]["outcome"] == "protocol_violation"
    });
    assert_eq!(home.status(&silent), "ready");
    home.ok(&["cancel", &silent]);

    let name = |id: &str| format!("kb-default-{id}-");
    let taken = home.create("taken", "endless", &[]);
    home.ok(&["tick"]);
    home.wait_until("the job runs", || cluster.jobs().contains(&name(&taken)));
    home.ok(&["stop", &taken]);
    home.wait_until("nothing of it is left in the cluster", || {
        cluster.jobs().is_empty()
    });
    assert_eq!(home.status(&taken), "blocked");

    let late = home.create("late", "endless", &["--max-runtime", "2s"]);
    home.quiet().expect(1);
    assert_eq!(home.runs(&late)[0]["outcome"], "timed_out");
    home.wait_until("nothing of that is left either", || {
        cluster.jobs().is_empty()
    });
}

//! What is finished costs nothing: whatever is done with one card reads as much of a board with very many finished
//! cards as of one with a few. Counted are the reads of the file, of the command and of all that it starts.

use crate::harness::Home;
use crate::kills::strace_works;
use crate::traced::{Whom, trace};

const CONFIG: &str = "
[workers.quick]
command = ['true']
[workers.reports]
command = ['sh', '-c', '\"$KANBAN_BIN\" heartbeat \"$KANBAN_TASK\" && \"$KANBAN_BIN\" complete \"$KANBAN_TASK\" --summary x']
report = 'explicit'
[workers.fails]
command = ['false']
[workers.me]
pull = true
[channels.told]
kind = 'command'
command = ['true']
subscribed_only = true
";

/// Puts so many cards on a board that are done, with all that such cards leave, in groups that waited for their first.
pub fn fill(home: &Home, cards: usize) {
    home.change(&format!(
        "BEGIN;
         CREATE TEMP TABLE made AS WITH RECURSIVE numbers(n) AS
             (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {cards})
             SELECT n, printf('t_%08x', n * 7919 % 4294967296) AS id FROM numbers;
         INSERT INTO tasks (id, title, body, assignee, status, priority, created_at, started_at, completed_at)
             SELECT id, 'card number ' || n, 'What is to be done about ' || n, 'quick', 'done', n % 5, n, n, n FROM made;
         INSERT INTO task_links (parent_id, child_id)
             SELECT p.id, c.id FROM made c JOIN made p ON p.n = c.n / 20 * 20 WHERE c.n % 20 <> 0 AND c.n > 20;
         INSERT INTO task_runs (task_id, profile, status, started_at, ended_at, outcome)
             SELECT id, 'quick', 'done', n, n, 'completed' FROM made;
         INSERT INTO tick_runs (run_id, task_id, worker, attempt, nonce, token, host, boot, lock_dev, lock_ino, report,
                                leftovers, stage, dead, claimed_at)
             SELECT id, task_id, 'quick', 1, printf('%032x', id), id || '-x', 'h', 'b', 1, 1, 'exit', 'end', 'ended', 1, 1
             FROM task_runs;
         INSERT INTO tick_cards (task_id, tempfails) SELECT id, 1 FROM made;
         INSERT INTO task_comments (task_id, author, body, created_at) SELECT id, 'x', 'said', n FROM made;
         INSERT INTO task_events (task_id, kind, created_at)
             SELECT id, kind, n FROM made, (SELECT 'created' AS kind UNION SELECT 'claimed' UNION SELECT 'completed');
         INSERT INTO tick_notices (event_id, task_id, kind, created_at, facts)
             SELECT id, task_id, kind, created_at, '{{}}' FROM task_events WHERE kind = 'completed';
         INSERT INTO tick_deliveries (id, notice_id, task_id, channel, address, thread, state, next_at, created_at, done_at)
             SELECT 'd' || id, id, task_id, 'told', '', '', 'delivered', 0, 0, created_at FROM tick_notices;
         UPDATE tick_meta SET value = (SELECT max(id) FROM task_events) WHERE key = 'announced';
         COMMIT;"
    ));
    // The first tick of an hour looks at everything once.
    home.ok(&["tick"]);
    home.ok(&["tick"]);
}

/// Does everything that is done with single cards, and returns how often each command read from the file of the board.
fn reads(home: &Home) -> Vec<(String, usize)> {
    let mut all = Vec::new();
    let mut count = |name: String, args: &[&str]| {
        let trace = trace(home, Whom::AllOfIt, args);
        let of_board = |call: &&&str| call.contains("kanban.db>");
        all.push((name, trace.of(&["pread64"]).iter().filter(of_board).count()));
    };
    let mut with = |words: &str, cards: &[&str]| {
        let mut cards = cards.iter();
        let args: Vec<&str> = words
            .split(' ')
            .map(|word| {
                if word == "ID" {
                    cards.next().unwrap()
                } else {
                    word
                }
            })
            .collect();
        count(words.to_owned(), &args);
    };
    let mine = |title: &str| home.create(title, "me", &[]);
    let (a, b, c, d) = (mine("a"), mine("b"), mine("c"), mine("d"));
    with("create new --assignee me --idempotency-key k", &[]);
    with("create new --assignee me --parent ID", &[&a]);
    for words in [
        "comment ID seen",
        "edit ID --title new",
        "reprioritize ID 3",
        "assign ID quick",
        "assign ID me",
        "block ID --reason why",
        "unblock ID",
        "schedule ID --at tomorrow",
        "promote ID",
        "request-review ID",
        "request-changes ID --reason why",
        "subscribe ID told",
        "subscriptions ID",
        "deliveries list --task ID",
        "deliveries list --state due --state retry",
        "deliveries list --state dead",
        "deliveries list --limit 5",
        "show ID",
        "show ID --json",
        "why ID",
        "context ID",
        "graph ID",
        "runs ID",
        "events ID",
        "unsubscribe ID told",
        "complete ID --summary x",
        "retry ID",
        "cancel ID",
        "archive ID",
    ] {
        with(words, &[&b]);
    }
    with("link ID ID", &[&c, &d]);
    with("unlink ID ID", &[&c, &d]);
    with("link ID ID", &[&c, &d]);
    with("subscribe ID told", &[&c]);
    with("complete ID", &[&c]);
    for words in [
        "runs --limit 5",
        "events --limit 5",
        "list --assignee me",
        "tick",
        "tick",
        "pause",
        "resume",
    ] {
        with(words, &[]);
    }
    // From the claim to the end, with the tick that follows: a trace ends when the last process has.
    for worker in ["quick", "reports", "fails"] {
        let parent = home.create("parent", worker, &[]);
        home.create("child", worker, &["--parent", &parent]);
        home.ok(&["subscribe", &parent, "told"]);
        with("tick", &[]);
        with("tick", &[]);
    }
    all
}

fn reads_no_more_of_a_large_board(home: fn() -> Home) {
    if !strace_works() {
        return;
    }
    let [small, large] = [100, 20_000].map(|cards| {
        let home = home();
        fill(&home, cards);
        reads(&home)
    });
    // A level or two more in each tree, in each of the processes, of which a tick may start a few more or less. A table
    // of a row for each card is six hundred pages.
    let allowed = |what: &str| if what == "tick" { 400 } else { 60 };
    let more: Vec<String> = small
        .into_iter()
        .zip(large)
        .filter(|((what, few), (_, many))| *many > few + allowed(what))
        .map(|((what, few), (_, many))| format!("{what}: {few} reads, and {many} of a large board"))
        .collect();
    assert!(more.is_empty(), "{more:#?}");
}

#[test]
fn what_is_done_with_a_card_reads_no_more_of_a_large_board() {
    reads_no_more_of_a_large_board(|| {
        let home = Home::new(CONFIG);
        home.ok(&["init"]);
        home
    });
}

#[test]
fn nor_of_a_large_board_of_hermes() {
    reads_no_more_of_a_large_board(|| Home::of_hermes(CONFIG));
}

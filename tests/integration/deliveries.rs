//! What happened is told: once the tick has come to its end, to everybody who wants to hear of it, at least
//! once, under one id, and without keeping anybody waiting.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Home, PROGRAM, Run, text};
use crate::receiver::{Answer, Asked, Receiver};

/// A fixed moment for the tests that step the clock.
const T0: i64 = 1_767_225_600;

/// A home with a worker that does its work, one that fails, and channels.
fn home(channels: &str) -> Home {
    Home::new(&format!(
        "[defaults]\nretry_delay = \"0s\"\nfailure_limit = 2\n\
         [workers.good]\ncommand = [\"sh\", \"-c\", \"echo it worked\"]\n\
         [workers.bad]\ncommand = [\"sh\", \"-c\", \"echo no luck >&2; exit 3\"]\n\
         [workers.me]\npull = true\n{channels}"
    ))
}

fn webhook(name: &str, receiver: &Receiver, more: &str) -> String {
    format!(
        "[channels.{name}]\nkind = \"webhook\"\nurl = \"{}\"\n{more}\n",
        receiver.url(&format!("/{name}"))
    )
}

/// Runs the program at a moment.
fn at(home: &Home, now: i64, args: &[&str]) -> Run {
    let line: String = args.iter().map(|arg| format!("'{arg}' ")).collect();
    home.sh(&format!("KANBAN_NOW={now} \"$KANBAN\" {line}"))
}

fn kinds(asked: &[Asked]) -> Vec<String> {
    asked.iter().map(|a| text(&a.json()["type"])).collect()
}

fn deliveries(home: &Home) -> Vec<Value> {
    home.json(&["deliveries", "list", "--limit", "0"])
        .as_array()
        .unwrap()
        .clone()
}

fn states(home: &Home) -> Vec<String> {
    deliveries(home).iter().map(|d| text(&d["state"])).collect()
}

#[test]
fn however_many_start_none_waits_for_a_slow_receiver() {
    let home = Home::new("");
    let go = home.path().join("go");
    let config = format!(
        "[host]\nmax_in_progress = 9\n[boards.default]\nmax_in_progress = 9\n[workers.me]\npull = true\n\
         [workers.mark]\nmax_in_progress = 9\ncommand = ['sh', '-c', 'echo >> \"$KANBAN_HOME/ran\"']\n\
         [channels.slow]\nkind = 'command'\n\
         command = ['sh', '-c', 'while [ -d {} ] && ! [ -e {} ]; do sleep 0.05; done']\n",
        home.path().display(),
        go.display()
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    for n in 0..9 {
        home.create(&n.to_string(), "mark", &[]);
    }
    let told = home.create("what is told meanwhile", "me", &[]);
    home.ok(&["complete", &told]);
    let mut tick = home.command(PROGRAM).arg("tick").spawn().unwrap();
    let ran = home.path().join("ran");
    home.wait_until("all have run", || {
        std::fs::read_to_string(&ran).is_ok_and(|text| text.len() == 9)
    });
    home.wait_until(
        "a tick, be it another one, sends what nobody takes yet",
        || states(&home).contains(&"in_flight".into()),
    );
    std::fs::write(go, "").unwrap();
    assert!(tick.wait().unwrap().success());
    home.quiet();
}

#[test]
fn a_finished_card_is_told_with_all_that_came_of_it() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("Build <it> & ship", "good", &["--priority", "3"]);
    home.create("next", "me", &["--parent", &card]);
    home.quiet();
    let asked = receiver.to("/hook");
    assert_eq!(kinds(&asked), ["task.completed"]);
    let (sent, data) = (&asked[0], asked[0].json()["data"].clone());
    assert_eq!(data["version"], 1);
    assert_eq!(data["board"], "default");
    assert_eq!(data["task"]["title"], "Build <it> & ship");
    assert_eq!(data["task"]["priority"], 3);
    assert_eq!(data["run"]["summary"], "it worked");
    assert_eq!(data["run"]["exit_code"], 0);
    assert_eq!(data["next"]["what"], "released");
    assert_eq!(data["look"], format!("kanban show {card} --board default"));
    assert_eq!(Some(text(&data["id"]).as_str()), sent.header("webhook-id"));
    let told = text(&data["text"]);
    assert!(
        told.contains("Build <it> & ship: done") && told.contains("summary: it worked"),
        "{told}"
    );
    // Nothing more to say: nothing more is sent.
    home.ok(&["tick"]);
    assert_eq!(receiver.requests().len(), 1);
    assert_eq!(states(&home), ["delivered"]);
}

#[test]
fn a_failure_says_what_follows_and_giving_up_whom_it_waits_for() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("x", "bad", &[]);
    home.quiet();
    let asked = receiver.to("/hook");
    assert_eq!(
        kinds(&asked),
        ["task.crashed", "task.crashed", "task.gave_up"]
    );
    let first = asked[0].json();
    assert_eq!(first["data"]["next"]["what"], "retry");
    assert_eq!(first["data"]["run"]["last_line"], "no luck");
    let last = asked[2].json();
    assert_eq!(
        last["data"]["next"]["command"],
        format!("kanban unblock {card} --board default")
    );
    let ids: BTreeSet<_> = asked
        .iter()
        .map(|a| a.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn what_another_program_writes_is_told_once() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(
        &webhook("hook", &receiver, "events = [\"blocked\", \"somebody\"]")
            .replace(", \"somebody\"", ""),
    );
    let card = home.create("x", "me", &[]);
    home.ok(&["tick"]);
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    board
        .execute(
            "INSERT INTO task_events (task_id, kind, payload, created_at) VALUES (?1, 'blocked', '{\"reason\": \"ask\"}', 5)",
            [&card],
        )
        .unwrap();
    drop(board);
    home.ok(&["tick"]);
    home.ok(&["tick"]);
    let asked = receiver.requests();
    assert_eq!(kinds(&asked), ["task.blocked"]);
    assert_eq!(asked[0].json()["data"]["event"]["payload"]["reason"], "ask");
}

#[test]
fn who_is_told_what_is_filtered() {
    let receiver = Receiver::start(|_| Answer::ok());
    let channels = [
        webhook("all", &receiver, "events = [\"*\"]"),
        webhook("other", &receiver, "boards = [\"other\"]"),
        webhook("mine", &receiver, "assignees = [\"good\"]"),
        webhook("acme", &receiver, "tenants = [\"acme\"]"),
        webhook("urgent", &receiver, "min_priority = 5"),
        webhook("quiet", &receiver, "subscribed_only = true"),
    ]
    .concat();
    let home = home(&channels);
    home.create("plain", "good", &[]);
    home.create("special", "me", &["--tenant", "acme", "--priority", "7"]);
    home.quiet();
    let me = text(&home.json(&["list", "--assignee", "me"])[0]["id"]);
    home.ok(&["complete", &me]);
    home.ok(&["tick"]);
    let count = |name: &str| receiver.to(&format!("/{name}")).len();
    assert!(count("all") >= 6, "{}", count("all"));
    assert_eq!((count("other"), count("quiet")), (0, 0));
    assert_eq!((count("mine"), count("acme"), count("urgent")), (1, 1, 1));
}

#[test]
fn what_could_not_be_told_is_told_later_under_the_same_id() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::status(500),
        1 => Answer::status(503).header("retry-after", "600"),
        _ => Answer::ok(),
    });
    let key = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let home = home(&webhook("hook", &receiver, &format!("secret = \"{key}\"")));
    let card = home.create("x", "me", &[]);
    at(&home, T0, &["complete", &card]).expect(0);
    at(&home, T0, &["tick"]).expect(0);
    let row = deliveries(&home)[0].clone();
    assert_eq!(
        (&row["state"], &row["outcome"]),
        (&"retry".into(), &"ambiguous".into())
    );
    let next = row["next_at"].as_i64().unwrap();
    assert!((45..=75).contains(&(next - T0)), "{row}");
    // Not before its time.
    at(&home, T0 + 30, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 1);
    at(&home, T0 + 80, &["tick"]).expect(0);
    let row = deliveries(&home)[0].clone();
    assert_eq!(row["outcome"], "retry");
    assert!(row["next_at"].as_i64().unwrap() >= T0 + 680, "{row}");
    at(&home, T0 + 80 + 600, &["tick"]).expect(0);
    assert_eq!(states(&home), ["delivered"]);
    let asked = receiver.requests();
    let header = |name: &str| {
        asked
            .iter()
            .map(|a| a.header(name).unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!((asked.len(), header("webhook-id").len()), (3, 1));
    assert_eq!(
        header("webhook-timestamp").len(),
        3,
        "signed anew each time"
    );
    assert_eq!(header("webhook-signature").len(), 3);
    assert_eq!(asked[0].body, asked[2].body, "the same message");
}

#[test]
fn a_wait_that_was_asked_for_holds_the_whole_target() {
    let receiver = Receiver::start(|_| Answer::status(429).header("retry-after", "3600"));
    let home = home(&webhook("hook", &receiver, ""));
    for title in ["a", "b"] {
        let card = home.create(title, "me", &[]);
        at(&home, T0, &["complete", &card]).expect(0);
    }
    at(&home, T0, &["tick"]).expect(0);
    let later = home.create("c", "me", &[]);
    at(&home, T0 + 600, &["complete", &later]).expect(0);
    at(&home, T0 + 1_800, &["tick"]).expect(0);
    assert_eq!(
        receiver.requests().len(),
        1,
        "nothing more before the hour is over"
    );
    assert_eq!(states(&home), ["retry", "due", "due"]);
    at(&home, T0 + 3_600, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn a_redirect_is_never_followed_and_the_others_hear_of_the_broken_channel_once() {
    let elsewhere = Receiver::start(|_| Answer::ok());
    let to = elsewhere.url("/stolen");
    let receiver = Receiver::start(move |asked| match asked.bare() {
        "/a" => Answer::redirect([301, 302, 303, 307, 308][asked.nth % 5], &to),
        "/b" => Answer::redirect(302, "file:///etc/passwd"),
        _ => Answer::ok(),
    });
    let home = home(&format!(
        "{}{}{}",
        webhook("a", &receiver, ""),
        webhook("b", &receiver, ""),
        webhook("c", &receiver, "events = [\"completed\"]")
    ));
    for title in ["x", "y"] {
        let card = home.create(title, "me", &[]);
        home.ok(&["complete", &card]);
    }
    let tick = home.kanban(&["tick"]).expect(1);
    assert!(
        tick.stderr.contains("nothing can be delivered to"),
        "{}",
        tick.stderr
    );
    assert_eq!(elsewhere.requests().len(), 0, "the redirect was followed");
    // The one alert for each, through a channel that works.
    home.kanban(&["tick"]).expect(0);
    home.kanban(&["tick"]).expect(0);
    let told = kinds(&receiver.to("/c"));
    assert_eq!(
        told.iter().filter(|kind| *kind == "channel_paused").count(),
        2,
        "{told:?}"
    );
    assert_eq!((receiver.to("/a").len(), receiver.to("/b").len()), (1, 1));
    let status = home.kanban(&["status", "--json"]).expect(1).value();
    assert_eq!(status["deliveries"]["paused"].as_array().unwrap().len(), 2);
    assert_eq!(status["deliveries"]["dead"], 2);
}

#[test]
fn a_channel_that_works_again_tells_what_it_missed() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 | 1 => Answer::status(401),
        _ => Answer::ok(),
    });
    let home = home(&webhook("hook", &receiver, ""));
    for title in ["x", "y"] {
        let card = home.create(title, "me", &[]);
        at(&home, T0, &["complete", &card]).expect(0);
    }
    at(&home, T0, &["tick"]).expect(1);
    at(&home, T0 + 60, &["tick"]).expect(0);
    assert_eq!(states(&home), ["dead", "due"]);
    // Once a day it is tried all the same; that it still fails is no news.
    at(&home, T0 + 86_400, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 2);
    at(&home, T0 + 2 * 86_400 + 60, &["tick"]).expect(0);
    at(&home, T0 + 2 * 86_400 + 120, &["tick"]).expect(0);
    assert_eq!(states(&home), ["delivered", "delivered"]);
    let titles: Vec<String> = receiver.requests()[2..]
        .iter()
        .map(|a| text(&a.json()["data"]["task"]["title"]))
        .collect();
    assert_eq!(titles, ["x", "y"], "in order");
}

#[test]
fn a_broken_channel_that_nobody_waits_for_is_left_alone() {
    let receiver = Receiver::start(|_| Answer::status(401));
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("x", "me", &[]);
    at(&home, T0, &["complete", &card]).expect(0);
    at(&home, T0, &["tick"]).expect(1);
    home.ok(&["deliveries", "cancel", "--dead"]);
    for day in 1..4 {
        at(&home, T0 + day * 86_400, &["tick"]).expect(0);
    }
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn one_who_says_that_he_is_gone_is_not_asked_again_until_somebody_tries() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::status(410),
        _ => Answer::ok(),
    });
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("x", "me", &[]);
    at(&home, T0, &["complete", &card]).expect(0);
    at(&home, T0, &["tick"]).expect(1);
    at(&home, T0 + 5 * 86_400, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 1);
    let test = home.ok(&["notify", "test", "hook"]);
    assert!(
        test.stdout.contains("verdict       delivered"),
        "{}",
        test.stdout
    );
    home.ok(&["tick"]);
    assert_eq!(states(&home), ["delivered"]);
    assert_eq!(receiver.requests().len(), 3);
}

#[test]
fn one_refused_message_neither_kills_its_channel_nor_keeps_the_others() {
    let receiver =
        Receiver::start(
            |asked| match text(&asked.json()["data"]["task"]["title"]).as_str() {
                "poison" => Answer::status(422),
                "sick" => Answer::status(500),
                _ => Answer::ok(),
            },
        );
    let home = home(&webhook("hook", &receiver, ""));
    for title in ["poison", "sick", "fine"] {
        let card = home.create(title, "me", &[]);
        at(&home, T0, &["complete", &card]).expect(0);
    }
    let tick = at(&home, T0, &["tick"]).expect(1);
    assert!(
        tick.stderr.contains("could not be told of completed"),
        "{}",
        tick.stderr
    );
    assert_eq!(states(&home), ["dead", "retry", "due"]);
    // What is tried again keeps the others for a few tries, and not for longer.
    let mut now = T0;
    for _ in 0..4 {
        now += 7_200;
        at(&home, now, &["tick"]).expect(0);
    }
    assert_eq!(states(&home), ["dead", "retry", "delivered"]);
    // Somebody decides.
    home.kanban(&["status"]).expect(1);
    home.ok(&["deliveries", "cancel", "--dead"]);
    home.ok(&["deliveries", "cancel", "2"]);
    assert_eq!(states(&home), ["cancelled", "cancelled", "delivered"]);
    home.kanban(&["deliveries", "cancel", "3"]).expect(4);
    home.kanban(&["deliveries", "retry", "99"]).expect(3);
    home.ok(&["deliveries", "retry", "1"]);
    assert_eq!(states(&home)[0], "due");
}

#[test]
fn after_three_days_a_message_is_dead_and_stays_visible() {
    let receiver = Receiver::start(|_| Answer::status(503));
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("x", "me", &[]);
    at(&home, T0, &["complete", &card]).expect(0);
    let mut now = T0;
    // A moment's trouble is nobody's business; what goes on for an hour is.
    for minute in [0, 2, 10] {
        at(&home, now + minute * 60, &["tick"]).expect(0);
        at(&home, now + minute * 60, &["status"]).expect(0);
    }
    now += 3_600;
    at(&home, now, &["tick"]).expect(0);
    let status = at(&home, now, &["status"]).expect(1);
    assert!(
        status.stdout.contains("hook could not be told of 1 for 1h"),
        "{}",
        status.stdout
    );
    let mut complaints = 0;
    for _ in 0..40 {
        complaints += usize::from(at(&home, now, &["tick"]).code == Some(1));
        now += 3 * 3_600;
    }
    assert_eq!((states(&home), complaints), (vec!["dead".to_owned()], 1));
    assert_eq!(receiver.requests().len(), 10);
    let ids: BTreeSet<_> = receiver
        .requests()
        .iter()
        .map(|a| a.header("webhook-id").unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    // Retention never takes what nobody was told.
    at(&home, now + 90 * 86_400, &["tick"]).expect(0);
    assert_eq!(states(&home), ["dead"]);
}

#[test]
fn repeated_messages_about_a_card_are_told_in_one_that_says_so() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook("hook", &receiver, "digest = \"10m\""));
    let card = home.create("x", "me", &[]);
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    let happens = |kind: &str| {
        board
            .execute(
                "INSERT INTO task_events (task_id, kind, created_at) VALUES (?1, ?2, 5)",
                [&card, kind],
            )
            .unwrap();
    };
    let told = || -> Vec<(String, i64)> {
        let all = receiver.requests();
        all.iter()
            .map(|a| {
                (
                    text(&a.json()["type"]),
                    a.json()["data"]["held_back"].as_i64().unwrap(),
                )
            })
            .collect()
    };
    for minute in 0..5 {
        happens("crashed");
        at(&home, T0 + minute * 60, &["tick"]).expect(0);
    }
    assert_eq!(told(), [("task.crashed".to_owned(), 0)]);
    at(&home, T0 + 601, &["tick"]).expect(0);
    assert_eq!(told()[1..], [("task.crashed".to_owned(), 3)]);
    // What decides does not wait, and tells of what did.
    happens("crashed");
    at(&home, T0 + 660, &["tick"]).expect(0);
    happens("gave_up");
    at(&home, T0 + 720, &["tick"]).expect(0);
    assert_eq!(told()[2..], [("task.gave_up".to_owned(), 1)]);
    assert_eq!(
        states(&home).iter().filter(|s| *s == "held_back").count(),
        4
    );
}

#[test]
fn quiet_hours_put_messages_off_and_lose_none() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook("hook", &receiver, "quiet = \"22:00-07:00\""));
    let card = home.create("x", "me", &[]);
    // 2026-01-01 00:00 UTC.
    at(&home, T0, &["complete", &card]).expect(0);
    at(&home, T0, &["tick"]).expect(0);
    at(&home, T0 + 6 * 3_600, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 0);
    at(&home, T0 + 7 * 3_600, &["tick"]).expect(0);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_subscription_is_inherited_and_ends_when_all_is_told() {
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::status(503),
        _ => Answer::ok(),
    });
    let home = home(&webhook("hook", &receiver, "subscribed_only = true"));
    let parent = home.create("parent", "me", &[]);
    let before = home.create("before", "me", &["--parent", &parent]);
    let other = home.create("other", "me", &[]);
    home.ok(&["subscribe", &parent, "hook"]);
    let after = home.create("after", "me", &["--parent", &parent]);
    let linked = home.create("linked", "me", &[]);
    home.ok(&["link", &parent, &linked]);
    home.ok(&["tick"]);
    let subscribed = || -> BTreeSet<String> {
        let all = home.json(&["subscriptions"]);
        let all = all["subscriptions"].as_array().unwrap().clone();
        all.iter().map(|s| text(&s["task_id"])).collect()
    };
    let all = BTreeSet::from([
        parent.clone(),
        before.clone(),
        after.clone(),
        linked.clone(),
    ]);
    assert_eq!(subscribed(), all);
    at(&home, T0, &["complete", &parent]).expect(0);
    at(&home, T0, &["complete", &other]).expect(0);
    at(&home, T0, &["tick"]).expect(0);
    // Not told yet, so it has not ended.
    assert!(subscribed().contains(&parent));
    at(&home, T0 + 100, &["tick"]).expect(0);
    assert!(!subscribed().contains(&parent));
    assert_eq!(receiver.requests().len(), 2, "of nobody else");
    home.ok(&["unsubscribe", &before, "hook"]);
    home.kanban(&["unsubscribe", &before]).expect(3);
    home.kanban(&["subscribe", &before, "no-such"]).expect(3);
    home.kanban(&["subscribe", &parent, "hook"]).expect(4);
    assert_eq!(subscribed(), BTreeSet::from([after, linked]));
}

#[test]
fn subscribers_of_hermes_are_told_and_nobody_is_told_twice() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook(
        "tg",
        &receiver,
        "subscribed_only = true\nplatform = \"telegram\"",
    ));
    let card = home.create("x", "me", &[]);
    let child = home.create("y", "me", &["--parent", &card]);
    home.ok(&["tick"]);
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    let subscribe = |task: &str, platform: &str, seen: &str| {
        board
            .execute(
                &format!(
                    "INSERT INTO kanban_notify_subs (task_id, platform, chat_id, thread_id, created_at, last_event_id)
                     VALUES (?1, ?2, '-100', '7', 5, {seen})"
                ),
                [task, platform],
            )
            .unwrap();
    };
    subscribe(&card, "telegram", "0");
    subscribe(&card, "signal", "0");
    home.ok(&["complete", &card]);
    // Hermes' own notifier was first with the child's: it has moved the cursor past what is there.
    home.ok(&["complete", &child]);
    subscribe(&child, "telegram", "(SELECT max(id) FROM task_events)");
    home.ok(&["tick"]);
    home.ok(&["tick"]);
    let asked = receiver.requests();
    assert_eq!(kinds(&asked), ["task.completed"]);
    assert_eq!(asked[0].json()["data"]["task"]["id"], card.as_str());
    let row = &deliveries(&home)[0];
    assert_eq!(
        (&row["address"], &row["thread"]),
        (&"-100".into(), &"7".into())
    );
    let left: Vec<String> = board
        .prepare("SELECT platform || ' ' || task_id FROM kanban_notify_subs ORDER BY 1")
        .unwrap()
        .query_map([], |r| r.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(
        left,
        [format!("signal {card}"), format!("telegram {child}")],
        "ours has ended, others are theirs"
    );
}

#[test]
fn an_idle_tick_opens_no_socket_starts_no_thread_and_commits_nothing() {
    if !crate::kills::strace_works() {
        return;
    }
    let receiver = Receiver::start(|_| Answer::status(401));
    let home = home(&webhook("hook", &receiver, ""));
    let card = home.create("x", "me", &[]);
    home.ok(&["complete", &card]);
    // What waits for a broken channel is no work either.
    home.kanban(&["tick"]).expect(1);
    home.ok(&["tick"]);
    let trace = home.path().join("trace");
    let mut strace = home.command("strace");
    strace
        .args([
            "-f",
            "-e",
            "trace=socket,clone,clone3,fsync,fdatasync",
            "-o",
        ])
        .arg(&trace);
    assert!(strace.args([PROGRAM, "tick"]).status().unwrap().success());
    let calls = std::fs::read_to_string(trace).unwrap();
    let calls: Vec<&str> = calls.lines().filter(|l| !l.contains("+++")).collect();
    assert_eq!(calls, [""; 0]);
}

#[test]
fn many_ticks_at_once_tell_everything_and_nothing_twice() {
    let receiver = Receiver::start(|_| Answer::ok());
    let home = home(&webhook("hook", &receiver, "events = [\"completed\"]"));
    let cards: BTreeSet<String> = (0..12)
        .map(|n| home.create(&format!("card {n}"), "good", &[]))
        .collect();
    home.sh("for n in 1 2 3 4 5 6; do \"$KANBAN\" tick & done; wait")
        .expect(0);
    // Supervisors tick as well, and whoever finds the others at it leaves to them what it has to tell.
    home.wait_until("all is told", || receiver.requests().len() >= cards.len());
    home.quiet();
    let told: Vec<String> = receiver
        .requests()
        .iter()
        .map(|a| text(&a.json()["data"]["task"]["id"]))
        .collect();
    assert_eq!(told.len(), cards.len());
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), cards);
}

#[test]
fn a_program_is_told_on_its_standard_input() {
    let home = home(
        "[channels.script]\nkind = \"command\"\nevents = [\"completed\"]\ncommand = [\"sh\", \"-c\", \"cat > told; env > env; exit $(cat status)\"]\n",
    );
    std::fs::create_dir_all(home.board("")).unwrap();
    let card = home.create("x; rm -rf / $(reboot)", "me", &[]);
    std::fs::write(home.board("status"), "75").unwrap();
    at(&home, T0, &["complete", &card]).expect(0);
    at(&home, T0, &["tick"]).expect(0);
    assert_eq!(states(&home), ["retry"]);
    std::fs::write(home.board("status"), "0").unwrap();
    at(&home, T0 + 100, &["tick"]).expect(0);
    assert_eq!(states(&home), ["delivered"]);
    let told: Value = serde_json::from_slice(&std::fs::read(home.board("told")).unwrap()).unwrap();
    assert_eq!(told["task"]["title"], "x; rm -rf / $(reboot)");
    let env: BTreeMap<String, String> = std::fs::read_to_string(home.board("env"))
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(env["KANBAN_EVENT"], "completed");
    assert_eq!(
        (&env["KANBAN_ATTEMPT"], &env["KANBAN_TASK_ID"]),
        (&"2".to_owned(), &card)
    );
    assert!(!env.values().any(|value| value.contains("reboot")));
}

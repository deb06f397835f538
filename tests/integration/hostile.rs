//! Receivers that do what they should not, ticks that are killed while they send, and secrets: nobody else is
//! kept waiting, nothing is lost, and nothing is told to whom it does not concern.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::harness::{Home, PROGRAM, text};
use crate::receiver::{Answer, NOBODY, Receiver};

/// What no output, log, error or board may ever hold.
const PLANTED: &str = "pL4nt3dS3cr3t";

const GIB: u64 = 1 << 30;

fn channel(name: &str, url: &str) -> String {
    format!("[channels.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\n")
}

/// A board on which so many cards are done and nothing of it is told.
fn done(channels: &str, cards: usize) -> Home {
    let home = Home::new(&format!(
        "[delivery]\nbudget = \"9s\"\ntimeout = \"2s\"\n[workers.me]\npull = true\n{channels}"
    ));
    for n in 0..cards {
        let card = home.create(&format!("card {n}"), "me", &[]);
        home.ok(&["complete", &card]);
    }
    home
}

/// What there is of a board's deliveries to a channel, as `state outcome`.
fn standing(home: &Home, channel: &str) -> BTreeSet<String> {
    let all = home.json(&["deliveries", "list", "--channel", channel, "--limit", "0"]);
    let all = all.as_array().unwrap().clone();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    all.iter()
        .map(|d| format!("{} {}", word(&d["state"]), word(&d["outcome"])))
        .collect()
}

#[test]
fn whatever_others_do_the_healthy_get_theirs_in_the_first_tick() {
    let good = Receiver::start(|_| Answer::ok());
    let evil = Receiver::start(|asked| match asked.bare() {
        "/hang" => Answer::Hang,
        "/drip-head" => Answer::DripHead {
            every: Duration::from_millis(100),
        },
        "/drip-error" => Answer::Drip {
            status: 500,
            every: Duration::from_millis(100),
        },
        "/huge" => Answer::Huge {
            status: 500,
            bytes: GIB,
        },
        "/huge-good" => Answer::Huge {
            status: 200,
            bytes: GIB,
        },
        "/close" => Answer::CloseAtOnce,
        "/half" => Answer::Truncated {
            status: 500,
            declared: 1_000,
            body: b"half".to_vec(),
        },
        "/not-http" => Answer::not_http(),
        "/slow-down" => Answer::status(429).header("retry-after", "90000000"),
        _ => Answer::status(500),
    });
    let untrusted = Receiver::start_tls(|_| Answer::ok());
    let misnamed = Receiver::start_tls_as(&["other.example"], |_| Answer::ok());
    let mut channels = channel("good", &good.url("/good")) + &channel("zgood", &good.url("/zgood"));
    let bad = [
        "hang",
        "drip-head",
        "drip-error",
        "huge",
        "close",
        "half",
        "not-http",
        "slow-down",
        "error",
    ];
    for name in bad {
        channels += &channel(name, &evil.url(&format!("/{name}")));
    }
    channels += &channel("huge-good", &evil.url("/huge-good"));
    channels += &channel("untrusted", &untrusted.url("/x"));
    channels += &channel("misnamed", &misnamed.url("/x"));
    channels += &channel("nobody", &format!("{NOBODY}/x"));
    let home = done(&channels, 5);
    let began = Instant::now();
    home.ok(&["tick"]);
    // Without a limit it would be for ever; with one, far below what a loaded machine makes of it.
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    let told = |path: &str| -> Vec<String> {
        let all = good.to(path);
        all.iter()
            .map(|a| text(&a.json()["data"]["task"]["title"]))
            .collect()
    };
    let all: Vec<String> = (0..5).map(|n| format!("card {n}")).collect();
    assert_eq!(
        (told("/good"), told("/zgood")),
        (all.clone(), all),
        "in order, in the first tick"
    );
    let waiting = BTreeSet::from(["retry ambiguous".to_owned(), "due -".to_owned()]);
    for name in [
        "hang",
        "drip-head",
        "drip-error",
        "huge",
        "close",
        "half",
        "not-http",
        "error",
    ] {
        assert_eq!(standing(&home, name), waiting, "{name}");
        assert_eq!(
            evil.to(&format!("/{name}")).len(),
            1,
            "{name} is left alone after the first"
        );
    }
    let unsent = BTreeSet::from(["retry retry".to_owned(), "due -".to_owned()]);
    for name in ["untrusted", "misnamed", "nobody", "slow-down"] {
        assert_eq!(standing(&home, name), unsent, "{name}");
    }
    assert_eq!(
        untrusted.requests().len() + misnamed.requests().len(),
        0,
        "nothing is said before the certificate is checked"
    );
    // A good status is enough for a webhook, however long it goes on.
    assert_eq!(
        standing(&home, "huge-good"),
        BTreeSet::from(["delivered delivered".to_owned()])
    );
    assert!(
        evil.taken() < 100 << 20,
        "{} bytes of the huge answers were taken",
        evil.taken()
    );
    // Nobody makes us wait for more than a day.
    let held: i64 = home.sql("SELECT max(hold_until) - max(paused_at IS NULL) - (SELECT max(tried_at) FROM tick_deliveries) FROM tick_targets");
    assert!(held <= 86_400, "{held}");
}

#[test]
fn a_certificate_of_ones_own_is_trusted_where_it_is_named() {
    let receiver = Receiver::start_tls(|_| Answer::ok());
    let home = done("", 0);
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, receiver.ca_pem()).unwrap();
    let config = format!(
        "[delivery]\nca_file = \"{}\"\n{}",
        ca.display(),
        channel("hook", &receiver.url("/x"))
    );
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    home.ok(&["notify", "test", "hook"]);
    assert_eq!(receiver.requests().len(), 1);
    std::fs::write(&ca, "nothing").unwrap();
    let check = home.kanban(&["config", "check"]).expect(2);
    assert!(
        check.stderr.contains("has no certificate"),
        "{}",
        check.stderr
    );
}

#[test]
fn nothing_is_sent_to_private_addresses_where_that_is_forbidden() {
    let receiver = Receiver::start(|_| Answer::ok());
    let urls = [
        receiver.url("/x"),
        receiver.url("/x").replace("127.0.0.1", "localhost"),
        receiver
            .url("/x")
            .replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    ];
    for url in urls {
        let home = Home::new(&format!(
            "[delivery]\nprivate_addresses = \"deny\"\n{}",
            channel("hook", &url)
        ));
        let test = home.kanban(&["notify", "test", "hook"]).expect(1);
        assert!(
            test.stderr.contains("private address"),
            "{url}: {}",
            test.stderr
        );
    }
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn a_proxy_of_the_environment_never_sees_what_stays_on_this_machine() {
    let receiver = Receiver::start(|_| Answer::ok());
    let proxy = Receiver::start(|_| Answer::ok());
    let config =
        channel("near", &receiver.url("/near")) + &channel("far", "http://far.invalid/far");
    let home = Home::new(&config)
        .with("HTTP_PROXY", &proxy.url(""))
        .with("http_proxy", &proxy.url(""));
    home.ok(&["notify", "test", "near"]);
    assert_eq!((receiver.requests().len(), proxy.requests().len()), (1, 0));
    home.kanban(&["notify", "test", "far"]);
    let through: Vec<String> = proxy
        .requests()
        .iter()
        .map(|a| format!("{} {}", a.method, a.path))
        .collect();
    assert_eq!(
        through[0], "CONNECT far.invalid:80",
        "what goes elsewhere goes through it"
    );
}

/// How often a tick that sends makes each system call.
fn calls(home: &Home) -> BTreeMap<String, usize> {
    let trace = home.path().join("trace");
    let mut strace = home.command("strace");
    let status = strace
        .args(["-f", "-o"])
        .arg(&trace)
        .args([PROGRAM, "tick"])
        .status();
    assert!(status.unwrap().success());
    crate::kills::count_calls(&trace)
}

#[test]
fn a_tick_may_be_killed_at_any_moment_of_sending() {
    if !crate::kills::strace_works() {
        return;
    }
    let receiver = std::sync::Arc::new(Receiver::start(|_| Answer::ok()));
    let stage = |name: &str| {
        let a = channel("a", &receiver.url(&format!("/{name}-a")));
        done(
            &(a + &channel("b", &receiver.url(&format!("/{name}-b")))),
            2,
        )
    };
    let mut moments = Vec::new();
    let mut counter = 0;
    for (name, count) in calls(&stage("undisturbed")) {
        for number in 1..=count {
            counter += 1;
            // Every moment at which something leaves the process, and a part of the others.
            let dense =
                ["sendto", "recvfrom", "connect", "fsync", "ftruncate"].contains(&name.as_str());
            if dense || counter % 17 == 0 {
                moments.push((name.clone(), number));
            }
        }
    }
    assert!(moments.len() > 30, "{moments:?}");
    for (name, number) in moments {
        let at = format!("{name}-{number}");
        let home = stage(&at);
        let inject = format!("inject={name}:signal=KILL:when={number}");
        let mut strace = home.command("strace");
        strace
            .args(["-f", "-o", "/dev/null", "-e", &inject, PROGRAM, "tick"])
            .output()
            .unwrap();
        for _ in 0..2 {
            home.ok(&["tick"]);
        }
        assert_eq!(
            standing(&home, "a"),
            BTreeSet::from(["delivered delivered".to_owned()]),
            "{at}"
        );
        for channel in ["a", "b"] {
            let asked = receiver.to(&format!("/{at}-{channel}"));
            let told: BTreeSet<(String, String)> = asked
                .iter()
                .map(|a| {
                    let title = text(&a.json()["data"]["task"]["title"]);
                    (title, a.header("webhook-id").unwrap().to_owned())
                })
                .collect();
            // Each card once or more, and always under one id.
            assert_eq!(told.len(), 2, "{at} {channel}: {told:?}");
        }
        assert_eq!(home.sql::<String>("PRAGMA integrity_check"), "ok", "{at}");
    }
}

#[test]
fn secrets_are_nowhere_but_on_the_wire() {
    let receiver = Receiver::start(|asked| match asked.nth {
        // A receiver that repeats what it was told, as some do.
        0 => Answer::text(400, &format!("bad token {PLANTED} at {}", asked.path)),
        1 => Answer::redirect(302, &asked.path),
        _ => Answer::text(500, &format!("{:?}", asked.headers)),
    });
    let home = Home::new(&format!(
        "[delivery]\nbudget = \"3s\"\ntimeout = \"1s\"\n\
         [workers.spy]\ncommand = [\"sh\", \"-c\", \"env; cat /proc/$PPID/environ | tr '\\\\0' '\\\\n' | grep -v TOKEN_OF_HOOK\"]\n\
         [channels.literal]\nkind = \"webhook\"\nurl = \"{}\"\n\
         [channels.env]\nkind = \"webhook\"\nurl = \"{}\"\ntoken_env = \"TOKEN_OF_HOOK\"\n\
         [channels.file]\nkind = \"webhook\"\nurl_file = \"~/url\"\nsecret_file = \"~/secret\"\n\
         [channels.asked]\nkind = \"webhook\"\nurl_command = [\"sh\", \"-c\", \"cat $HOME/asked\"]\n\
         [channels.program]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"env >&2; exit 1\"]\n",
        receiver.url(&format!("/{PLANTED}")),
        receiver.url("/env"),
    ))
    .with("TOKEN_OF_HOOK", PLANTED)
    .with("KANBAN_LOG", "trace");
    std::fs::write(
        home.path().join("url"),
        receiver.url(&format!("/x?key={PLANTED}")),
    )
    .unwrap();
    let asked = receiver.url(&format!("/asked/{PLANTED}"));
    std::fs::write(home.path().join("asked"), asked).unwrap();
    std::fs::write(home.path().join("secret"), format!("{PLANTED}\n")).unwrap();
    let card = home.create("x", "spy", &[]);
    let mut said = String::new();
    let mut run = |args: &[&str]| {
        let run = home.kanban(args);
        said += &format!("{args:?}\n{}{}\n", run.stdout, run.stderr);
    };
    run(&["tick", "--wait"]);
    for channel in ["literal", "env", "file", "asked", "program"] {
        run(&["notify", "test", channel]);
        run(&["notify", "test", channel, "--json"]);
    }
    for args in [
        ["tick", "--json"].as_slice(),
        &["config", "show"],
        &["config", "show", "--json"],
        &["config", "check"],
        &["deliveries", "list"],
        &["deliveries", "show", "1"],
        &["deliveries", "show", "1", "--json"],
        &["notify", "list"],
        &["notify", "list", "--json"],
        &["status", "--json"],
        &["doctor"],
        &["show", &card],
        &["log", &card],
    ] {
        run(args);
    }
    for path in ["/env", "/x", "/asked/pL4nt3dS3cr3t"] {
        assert!(!receiver.to(path).is_empty(), "{path} was sent to");
    }
    assert!(!said.contains(PLANTED), "{said}");
    let mut files = vec![home.board("")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().flatten().map(|e| e.path()));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let found = bytes
                .windows(PLANTED.len())
                .any(|w| w == PLANTED.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

//! Every channel against a stand-in of its vendor, over real HTTP: what is sent, and what each of the vendor's
//! answers comes to.

use serde_json::{Value, json};

use crate::harness::{Home, text};
use crate::receiver::{Answer, Asked, Receiver};

/// A channel of a kind: its keys, in which `URL` is the receiver.
struct Vendor {
    keys: &'static str,
    path: &'static str,
}

const fn vendor(path: &'static str, keys: &'static str) -> Vendor {
    Vendor { keys, path }
}

const FEISHU: Vendor = vendor(
    "/open-apis/bot/v2/hook/t0k3n",
    "kind = 'feishu'\nurl = 'URL'\nsecret = 'demo'\nkeyword = 'kanban'",
);
const SLACK: Vendor = vendor("/services/T0/B0/x", "kind = 'slack'\nurl = 'URL'");
const SLACK_BOT: Vendor = vendor(
    "",
    "kind = 'slack'\nurl = 'URL'\ntoken = 'xoxb-1'\nto = 'C1'\nthread = '1503435956.000247'",
);
const DISCORD: Vendor = vendor("/api/webhooks/1/t0k3n", "kind = 'discord'\nurl = 'URL'");
const DISCORD_BOT: Vendor = vendor(
    "",
    "kind = 'discord'\nurl = 'URL'\ntoken = 'b0t'\nto = '42'",
);
const TELEGRAM: Vendor = vendor(
    "",
    "kind = 'telegram'\nurl = 'URL'\ntoken = '1:AA'\nto = '-100'\nthread = '7'",
);
const DINGTALK: Vendor = vendor(
    "/robot/send?access_token=x",
    "kind = 'dingtalk'\nurl = 'URL'\nsecret = 'SEC1'",
);
const WECOM: Vendor = vendor("/cgi-bin/webhook/send?key=x", "kind = 'wecom'\nurl = 'URL'");
const TEAMS: Vendor = vendor(
    "/workflows/1/triggers/manual/paths/invoke?sig=x",
    "kind = 'teams'\nurl = 'URL'",
);
const GOOGLE_CHAT: Vendor = vendor(
    "/v1/spaces/A/messages?key=k&token=t",
    "kind = 'google_chat'\nurl = 'URL'",
);
const MATTERMOST: Vendor = vendor("/hooks/x", "kind = 'mattermost'\nurl = 'URL'");
const MATRIX: Vendor = vendor(
    "",
    "kind = 'matrix'\nurl = 'URL'\ntoken = 't0k3n'\nto = '!abc:ex.org'",
);
const NTFY: Vendor = vendor(
    "",
    "kind = 'ntfy'\nurl = 'URL'\nto = 'topic'\ntoken = 'tk_1'",
);
const GOTIFY: Vendor = vendor("", "kind = 'gotify'\nurl = 'URL'\ntoken = 'A1'");
const PUSHOVER: Vendor = vendor(
    "",
    "kind = 'pushover'\nurl = 'URL'\ntoken = 'app'\nto = 'user'",
);
const PAGERDUTY: Vendor = vendor(
    "",
    "kind = 'pagerduty'\nurl = 'URL'\ntoken = '0123456789abcdef0123456789abcdef'",
);
const WEBHOOK: Vendor = vendor("/hook", "kind = 'webhook'\nurl = 'URL'");

const HOSTILE: &str = r#"<!channel> <@U1> @everyone <at user_id="all">x</at> <users/all> *b* _i_ [l](http://e.x) `c` "#;

impl Vendor {
    fn home(&self, receiver: &Receiver) -> Home {
        let keys = self.keys.replace("URL", &receiver.url(self.path));
        Home::new(&format!(
            "[delivery]\ntimeout = \"2s\"\n[workers.me]\npull = true\n[channels.x]\n{keys}\n"
        ))
    }

    /// What a test message comes to: the word, why, and what the vendor was asked.
    fn tried(
        &self,
        event: &str,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> (String, String, Vec<Asked>) {
        let receiver = Receiver::start(answer);
        let home = self.home(&receiver);
        let run = home.kanban(&["notify", "test", "x", "--event", event, "--json"]);
        let verdict = run.value();
        let why = verdict["why"].as_str().unwrap_or_default().to_owned();
        (text(&verdict["outcome"]), why, receiver.requests())
    }

    /// The word for one answer.
    fn means(&self, answer: &Answer) -> String {
        let answer = answer.clone();
        self.tried("crashed", move |_| answer.clone()).0
    }
}

#[track_caller]
fn check(vendor: &Vendor, name: &str, table: &[(Answer, &str)]) {
    for (answer, word) in table {
        assert_eq!(vendor.means(answer), *word, "{name}: {answer:?}");
    }
}

#[test]
fn no_channel_takes_what_is_no_answer_of_its_vendor_for_success() {
    let all = [
        ("feishu", &FEISHU),
        ("slack", &SLACK),
        ("slack bot", &SLACK_BOT),
        ("discord", &DISCORD),
        ("discord bot", &DISCORD_BOT),
        ("telegram", &TELEGRAM),
        ("dingtalk", &DINGTALK),
        ("wecom", &WECOM),
        ("google_chat", &GOOGLE_CHAT),
        ("mattermost", &MATTERMOST),
        ("matrix", &MATRIX),
        ("ntfy", &NTFY),
        ("gotify", &GOTIFY),
        ("pushover", &PUSHOVER),
        ("pagerduty", &PAGERDUTY),
    ];
    for (name, vendor) in all {
        for answer in [
            Answer::ok(),
            Answer::text(200, "<html>Please sign in</html>"),
            Answer::text(200, "{\"cut\": "),
            Answer::status(200).body(vec![0xff, 0xfe]),
            Answer::text(200, &"x".repeat(300_000)),
            Answer::redirect(302, vendor.path),
            Answer::CloseAtOnce,
            Answer::status(500),
        ] {
            let word = vendor.means(&answer);
            assert_ne!(word, "delivered", "{name}: {answer:?}");
        }
        let late = vendor.means(&Answer::status(429).header("retry-after", "7"));
        assert_eq!(late, "retry", "{name}");
    }
}

#[test]
fn feishu_webhook() {
    let j = |v: Value| Answer::json(200, v);
    check(
        &FEISHU,
        "feishu",
        &[
            (
                j(
                    json!({"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}),
                ),
                "delivered",
            ),
            (
                j(json!({"StatusCode":0,"StatusMessage":"","code":19021,"msg":"sign match fail"})),
                "dead_target",
            ),
            (
                j(json!({"code":11232,"data":{},"msg":"frequency limited psm[x]"})),
                "retry",
            ),
            (
                j(json!({"code":9499,"msg":"Bad Request","data":{}})),
                "dead_message",
            ),
            (
                j(json!({"code":9499,"msg":"too many request","data":{}})),
                "retry",
            ),
            (
                j(json!({"code":19024,"msg":"Key Words Not Found"})),
                "dead_target",
            ),
            (j(json!({"StatusCode":0})), "ambiguous"),
            (
                j(json!({"Extra":null,"StatusCode":0,"StatusMessage":"success"})),
                "delivered",
            ),
        ],
    );
    let (_, _, asked) = FEISHU.tried("blocked", |_| Answer::json(200, json!({"code": 0})));
    let body = asked[0].json();
    assert!(
        body["timestamp"].is_string() && body["sign"].as_str().unwrap().ends_with('='),
        "{body}"
    );
    assert!(asked[0].text().contains("kanban"), "the keyword");
}

#[test]
fn feishu_app_fetches_a_token_and_refreshes_it_once() {
    let app = vendor(
        "",
        "kind = 'feishu'\nurl = 'URL'\napp_id = 'cli_1'\nsecret = 's3cret'\nto = 'oc_1'",
    );
    let answer = |asked: &Asked| match asked.bare() {
        "/open-apis/auth/v3/tenant_access_token/internal" => Answer::json(
            200,
            json!({"code":0,"msg":"ok","tenant_access_token":format!("t-{}", asked.nth),"expire":1810}),
        ),
        _ if asked.nth == 0 => {
            Answer::json(400, json!({"code":99991663,"msg":"Invalid access token"}))
        }
        _ => Answer::json(200, json!({"code":0,"data":{"message_id":"om_1"}})),
    };
    let (word, _, asked) = app.tried("crashed", answer);
    assert_eq!((word.as_str(), asked.len()), ("delivered", 4));
    let sent = asked[3].json();
    assert_eq!(asked[3].header("authorization"), Some("Bearer t-1"));
    assert_eq!(
        asked[3].query("receive_id_type").as_deref(),
        Some("chat_id")
    );
    assert!(
        sent["uuid"].as_str().unwrap().len() <= 50 && sent["content"].is_string(),
        "{sent}"
    );
    assert_eq!(sent["uuid"], asked[1].json()["uuid"], "the same message");
}

#[test]
fn slack() {
    check(
        &SLACK,
        "slack",
        &[
            (Answer::text(200, "ok"), "delivered"),
            (Answer::text(404, "no_service"), "dead_target"),
            (Answer::text(410, "channel_is_archived"), "dead_target"),
            (Answer::text(400, "invalid_payload"), "dead_message"),
            (Answer::text(500, "rollup_error"), "ambiguous"),
        ],
    );
    let j = |v: Value| Answer::json(200, v);
    check(
        &SLACK_BOT,
        "slack bot",
        &[
            (
                j(json!({"ok":true,"channel":"C1","ts":"1503435956.000247"})),
                "delivered",
            ),
            (
                j(json!({"ok":false,"error":"channel_not_found"})),
                "dead_target",
            ),
            (
                j(json!({"ok":false,"error":"ratelimited"})).header("retry-after", "3"),
                "retry",
            ),
            (
                j(json!({"ok":false,"error":"msg_too_long"})),
                "dead_message",
            ),
            (j(json!({"ok":false,"error":"internal_error"})), "ambiguous"),
        ],
    );
    let (_, _, asked) = SLACK_BOT.tried("crashed", |_| {
        Answer::json(200, json!({"ok":true,"ts":"1.2"}))
    });
    assert_eq!(asked[0].json()["thread_ts"], "1503435956.000247");
    assert_eq!(asked[0].bare(), "/chat.postMessage");
}

#[test]
fn discord() {
    let j = Answer::json;
    check(
        &DISCORD,
        "discord",
        &[
            (j(200, json!({"id":"1","channel_id":"2"})), "delivered"),
            (
                j(
                    429,
                    json!({"message":"x","retry_after":64.57,"global":true}),
                )
                .header("retry-after", "65"),
                "retry",
            ),
            (
                j(404, json!({"message":"Unknown Webhook","code":10015})),
                "dead_target",
            ),
            (
                j(400, json!({"message":"Invalid Form Body","code":50035})),
                "dead_message",
            ),
        ],
    );
    let (_, _, asked) = DISCORD.tried("crashed", |_| Answer::json(200, json!({"id":"1"})));
    assert_eq!(asked[0].query("wait").as_deref(), Some("true"));
    assert_eq!(asked[0].json()["allowed_mentions"]["parse"], json!([]));
    assert!(
        asked[0]
            .header("user-agent")
            .unwrap()
            .starts_with("DiscordBot (")
    );
    let (_, _, asked) = DISCORD_BOT.tried("crashed", |_| Answer::json(200, json!({"id":"1"})));
    assert_eq!(
        (asked[0].bare(), asked[0].header("authorization")),
        ("/channels/42/messages", Some("Bot b0t"))
    );
    assert_eq!(asked[0].json()["enforce_nonce"], true);
    assert!(asked[0].json()["nonce"].as_str().unwrap().len() <= 25);
}

#[test]
fn telegram() {
    let j = Answer::json;
    check(
        &TELEGRAM,
        "telegram",
        &[
            (
                j(200, json!({"ok":true,"result":{"message_id":5}})),
                "delivered",
            ),
            (
                j(
                    429,
                    json!({"ok":false,"error_code":429,"description":"Too Many Requests: retry after 17","parameters":{"retry_after":17}}),
                ),
                "retry",
            ),
            (
                j(
                    403,
                    json!({"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the supergroup chat"}),
                ),
                "dead_target",
            ),
            (
                j(
                    400,
                    json!({"ok":false,"error_code":400,"description":"Bad Request: message is too long"}),
                ),
                "dead_message",
            ),
            (
                j(
                    401,
                    json!({"ok":false,"error_code":401,"description":"Unauthorized"}),
                ),
                "dead_target",
            ),
        ],
    );
    let (word, _, asked) = TELEGRAM.tried("crashed", |asked| match asked.nth {
        0 => Answer::json(400, json!({"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100999}})),
        _ => Answer::json(200, json!({"ok":true,"result":{"message_id":5}})),
    });
    assert_eq!((word.as_str(), asked.len()), ("delivered", 2));
    assert!(asked[1].text().contains("-100999") && asked[0].bare() == "/bot1:AA/sendMessage");
    assert_eq!(asked[0].json()["message_thread_id"], 7);
}

#[test]
fn dingtalk_and_wecom() {
    let j = |v: Value| Answer::json(200, v);
    check(
        &DINGTALK,
        "dingtalk",
        &[
            (j(json!({"errcode":0,"errmsg":"ok"})), "delivered"),
            (
                j(json!({"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"})),
                "retry",
            ),
            (
                j(json!({"errcode":310000,"errmsg":"sign not match"})),
                "dead_target",
            ),
            (
                j(json!({"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"1"})),
                "retry",
            ),
            (
                j(json!({"errcode":300005,"errmsg":"token is not exist"})),
                "dead_target",
            ),
        ],
    );
    let (_, _, asked) = DINGTALK.tried("crashed", |_| Answer::json(200, json!({"errcode":0})));
    let at: i64 = asked[0].query("timestamp").unwrap().parse().unwrap();
    assert!(at > 1_700_000_000_000, "milliseconds");
    let sign = asked[0].query("sign").unwrap();
    assert!(
        sign.ends_with('=') && sign.len() == 44,
        "decoded once it is base64: {sign}"
    );
    check(
        &WECOM,
        "wecom",
        &[
            (j(json!({"errcode":0,"errmsg":"ok"})), "delivered"),
            (
                j(json!({"errcode":45009,"errmsg":"api freq out of limit"})),
                "retry",
            ),
            (
                j(json!({"errcode":93000,"errmsg":"invalid webhook url"})),
                "dead_target",
            ),
            (
                j(json!({"errcode":40058,"errmsg":"text.content exceed max length 5120"})),
                "dead_message",
            ),
        ],
    );
}

#[test]
fn teams_and_google_chat_and_mattermost() {
    check(
        &TEAMS,
        "teams",
        &[
            (Answer::status(202), "delivered"),
            (Answer::status(401), "dead_target"),
            (Answer::status(404), "dead_target"),
            (Answer::status(429).header("retry-after", "30"), "retry"),
            (
                Answer::text(
                    200,
                    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
                ),
                "retry",
            ),
        ],
    );
    check(
        &GOOGLE_CHAT,
        "google_chat",
        &[
            (
                Answer::json(
                    200,
                    json!({"name":"spaces/A/messages/B","thread":{"name":"spaces/A/threads/C"}}),
                ),
                "delivered",
            ),
            (
                Answer::json(
                    429,
                    json!({"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}),
                ),
                "retry",
            ),
            (
                Answer::json(404, json!({"error":{"code":404,"status":"NOT_FOUND"}})),
                "dead_target",
            ),
        ],
    );
    let (_, _, asked) = GOOGLE_CHAT.tried("crashed", |_| Answer::json(200, json!({"name":"x"})));
    assert_eq!(
        asked[0].query("messageReplyOption").as_deref(),
        Some("REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
    );
    assert!(asked[0].query("requestId").is_some() && asked[0].query("key").as_deref() == Some("k"));
    check(
        &MATTERMOST,
        "mattermost",
        &[
            (Answer::text(200, "ok"), "delivered"),
            (
                Answer::json(
                    400,
                    json!({"id":"web.incoming_webhook.invalid.app_error","message":"x","status_code":400}),
                ),
                "dead_target",
            ),
            (
                Answer::json(
                    400,
                    json!({"id":"web.incoming_webhook.text.app_error","message":"x","status_code":400}),
                ),
                "dead_message",
            ),
        ],
    );
}

#[test]
fn matrix_knows_a_repetition_by_its_path() {
    check(
        &MATRIX,
        "matrix",
        &[
            (Answer::json(200, json!({"event_id":"$e"})), "delivered"),
            (
                Answer::json(
                    429,
                    json!({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}),
                ),
                "retry",
            ),
            (
                Answer::json(401, json!({"errcode":"M_UNKNOWN_TOKEN"})),
                "dead_target",
            ),
            (
                Answer::json(403, json!({"errcode":"M_FORBIDDEN"})),
                "dead_target",
            ),
            (
                Answer::json(413, json!({"errcode":"M_TOO_LARGE"})),
                "dead_message",
            ),
        ],
    );
    let receiver = Receiver::start(|asked| match asked.nth {
        0 => Answer::CloseAtOnce,
        _ => Answer::json(200, json!({"event_id":"$e"})),
    });
    let home = MATRIX.home(&receiver);
    let card = home.create("x", "me", &[]);
    home.ok(&["complete", &card]);
    home.sh("KANBAN_NOW=1767225600 \"$KANBAN\" tick").expect(0);
    home.sh("KANBAN_NOW=1767225700 \"$KANBAN\" tick").expect(0);
    let asked = receiver.requests();
    assert_eq!((asked.len(), asked[0].method.as_str()), (2, "PUT"));
    assert_eq!(asked[0].path, asked[1].path, "the same transaction");
    assert!(
        asked[0].path.contains("%21abc%3Aex.org"),
        "{}",
        asked[0].path
    );
    assert_eq!(asked[0].json()["m.mentions"], json!({}));
}

#[test]
fn pushes() {
    check(
        &NTFY,
        "ntfy",
        &[
            (
                Answer::json(200, json!({"id":"abc","event":"message"})),
                "delivered",
            ),
            (
                Answer::json(429, json!({"code":42908,"http":429,"error":"daily"})),
                "retry",
            ),
            (
                Answer::json(403, json!({"code":40301,"http":403,"error":"forbidden"})),
                "dead_target",
            ),
        ],
    );
    check(
        &GOTIFY,
        "gotify",
        &[
            (Answer::json(200, json!({"id":25})), "delivered"),
            (Answer::status(401), "dead_target"),
            (Answer::status(403), "dead_target"),
            (Answer::status(400), "dead_message"),
        ],
    );
    check(
        &PUSHOVER,
        "pushover",
        &[
            (
                Answer::json(200, json!({"status":1,"request":"r"})),
                "delivered",
            ),
            (
                Answer::json(
                    400,
                    json!({"user":"invalid","errors":["user identifier is invalid"],"status":0}),
                ),
                "dead_target",
            ),
            (
                Answer::json(429, json!({"status":0})).header("x-limit-app-reset", "1767230000"),
                "retry",
            ),
        ],
    );
}

#[test]
fn pagerduty_alerts_and_resolves_under_one_key() {
    let good = |_: &Asked| {
        Answer::json(
            202,
            json!({"status":"success","message":"Event processed","dedup_key":"k"}),
        )
    };
    check(
        &PAGERDUTY,
        "pagerduty",
        &[
            (
                Answer::json(
                    202,
                    json!({"status":"success","message":"Event processed","dedup_key":"k"}),
                ),
                "delivered",
            ),
            (Answer::json(200, json!({"status":"success"})), "ambiguous"),
            (
                Answer::json(
                    400,
                    json!({"status":"invalid event","message":"x","errors":["'payload.severity' is invalid"]}),
                ),
                "dead_message",
            ),
        ],
    );
    let (_, _, failed) = PAGERDUTY.tried("gave_up", good);
    let (_, _, done) = PAGERDUTY.tried("completed", good);
    let (failed, done) = (failed[0].json(), done[0].json());
    assert_eq!(
        (&failed["event_action"], &done["event_action"]),
        (&json!("trigger"), &json!("resolve"))
    );
    assert_eq!(failed["dedup_key"], done["dedup_key"]);
}

#[test]
fn webhook() {
    check(
        &WEBHOOK,
        "webhook",
        &[
            (Answer::ok(), "delivered"),
            (Answer::status(204), "delivered"),
            (Answer::status(299), "delivered"),
            (Answer::status(404), "retry"),
            (Answer::status(410), "dead_target"),
            (Answer::status(413), "dead_message"),
            (Answer::status(500), "ambiguous"),
            (Answer::status(503).header("retry-after", "9"), "retry"),
        ],
    );
    let events = vendor(
        "/ce",
        "kind = 'webhook'\nurl = 'URL'\nformat = 'cloudevents'\ntoken = 't0k3n'\nsecret = 'plain secret'\nheaders = { X-Team = 'a' }",
    );
    let (_, _, asked) = events.tried("crashed", |_| Answer::ok());
    let (sent, body) = (&asked[0], asked[0].json());
    assert_eq!(
        (&body["specversion"], &body["source"]),
        (&json!("1.0"), &json!("urn:kanban:board:default"))
    );
    assert!(
        sent.header("content-type")
            .unwrap()
            .starts_with("application/cloudevents+json")
    );
    assert_eq!(body["id"].as_str(), sent.header("webhook-id"));
    assert_eq!(
        (sent.header("authorization"), sent.header("x-team")),
        (Some("Bearer t0k3n"), Some("a"))
    );
    assert!(
        sent.header("x-hub-signature-256")
            .unwrap()
            .starts_with("sha256=")
    );
}

/// Whether a text anywhere in a value would act on a terminal.
fn acts(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(|c| c.is_control() && c != '\n'),
        Value::Array(items) => items.iter().any(acts),
        Value::Object(map) => map.values().any(acts),
        _ => false,
    }
}

#[test]
fn a_hostile_title_is_only_a_title_everywhere() {
    let good = |asked: &Asked| {
        if asked.text().contains("routing_key") {
            return Answer::json(202, json!({"status":"success"}));
        }
        let body = json!({
            "code": 0, "ok": true, "id": "1", "errcode": 0, "name": "n", "event_id": "$e", "status": 1,
            "result": {"message_id": 1}, "ts": "1.2",
        });
        match asked.bare() {
            "/services/T0/B0/x" | "/hooks/x" => Answer::text(200, "ok"),
            _ => Answer::json(200, body),
        }
    };
    // What would mean something to the channel must not be there as it is.
    for (vendor, name, dangerous) in [
        (&SLACK, "slack", &["<!channel>", "<@U1>"][..]),
        (&SLACK_BOT, "slack bot", &["<!channel>", "<@U1>"]),
        (&TELEGRAM, "telegram", &["<at ", "@everyone"]),
        (&WECOM, "wecom", &["<@U1>", "<at "]),
        (&GOOGLE_CHAT, "google_chat", &["<users/all>"]),
        (
            &MATTERMOST,
            "mattermost",
            &["@everyone", "<!channel>", "@U1"],
        ),
        (&FEISHU, "feishu", &[]),
        (&DISCORD, "discord", &[]),
        (&DINGTALK, "dingtalk", &[]),
        (&TEAMS, "teams", &["[l](http"]),
        (&NTFY, "ntfy", &[]),
        (&GOTIFY, "gotify", &[]),
        (&PUSHOVER, "pushover", &[]),
        (&PAGERDUTY, "pagerduty", &[]),
        (&WEBHOOK, "webhook", &[]),
    ] {
        let receiver = Receiver::start(good);
        let home = vendor.home(&receiver);
        let title = format!("{HOSTILE}\u{1b}[2J\\u001b[2J");
        let card = home.create(&title, "me", &[]);
        home.ok(&["block", &card, "--reason", &title]);
        home.kanban(&["tick"]).expect(0);
        let asked = receiver.requests();
        assert_eq!(asked.len(), 1, "{name}");
        // Slack's plain_text blocks have no markup; its text has.
        let body = match name {
            "slack" | "slack bot" => text(&asked[0].json()["text"]),
            _ => asked[0].text(),
        };
        assert!(body.contains("everyone"), "{name}: {body}");
        for bad in dangerous {
            assert!(!body.contains(bad), "{name}: {bad} in {body}");
        }
        // Programs get the facts as they are; what is meant for people is safe.
        let seen = match name {
            "webhook" => asked[0].json()["data"]["text"].clone(),
            _ => asked[0].json(),
        };
        assert!(!acts(&seen), "{name}: {body}");
    }
}

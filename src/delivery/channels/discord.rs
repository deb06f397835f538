//! Discord by a webhook, and what messages and errors of Discord look like for its bots too.

use serde_json::{Value, json};

use super::discord_verdict::{is_archived, judge};
use super::parts;
use crate::board::delivery::Outcome;
use crate::board::notice::Level;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::message::Message;
use crate::delivery::text::{Dialect, Unit, backslashed};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};

/// Markdown as Discord has it. `<` too: a mention is shown as one even where it pings nobody.
pub(super) const DIALECT: Dialect = Dialect {
    escape: |c| match c {
        '\\' | '*' | '_' | '~' | '|' | '>' | '#' | '[' | ']' | '(' | ')' | '<' | '`' => {
            backslashed(c)
        }
        _ => None,
    },
    unit: Unit::Utf16,
};

/// The headline. Discord takes 2,000 characters there.
const HEAD_MAX: usize = 500;
/// The facts. Discord takes 4,096 characters there, and 6,000 in all of an embed.
const BODY_MAX: usize = 3_500;

/// Discord states no figure and asks that none be built in: what it does not take, it refuses with a wait.
/// 30 a minute in each channel is what many have seen; 4 + 60 s / 2.4 s are 29 in any minute.
pub(super) const PACE: Pace = Pace {
    burst: 4,
    every_ms: 2_400,
};

/// Discord's front may turn away what names itself in another form.
const USER_AGENT: &str = concat!(
    "DiscordBot (https://crates.io/crates/kanban-tick, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

struct Discord {
    to: Endpoint,
    settings: config::Channel,
    secrets: Secrets,
}

/// A channel's webhook, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(hook(settings, secrets)?))
}

fn hook(settings: &config::Channel, secrets: &Secrets) -> Result<Discord, String> {
    let to = parts::hook(secrets)?;
    let path = to.path().trim_end_matches('/');
    if path.ends_with("/slack") || path.ends_with("/github") {
        return Err(
            "url: with /slack or /github at its end it takes messages of another form; leave that off".into(),
        );
    }
    let of_vendor = parts::is_of(&to, &["discord.com", "discordapp.com"]);
    let named = path.split_once("/webhooks/").map(|(_, rest)| rest);
    if of_vendor && !named.is_some_and(|rest| rest.contains('/')) {
        return Err(
            "url: the URL of a webhook begins with https://discord.com/api/webhooks/ and has an id and a \
             token; to send as a bot, set token"
                .into(),
        );
    }
    if to.has("wait") && !to.as_str().contains("wait=true") {
        return Err("url: leave wait out of it; it is always asked for".into());
    }
    check_id("thread", settings.keys.thread.as_deref())?;
    Ok(Discord {
        to,
        settings: settings.clone(),
        secrets: secrets.clone(),
    })
}

/// Channels and threads are named by numbers.
pub(super) fn check_id(key: &str, value: Option<&str>) -> Result<(), String> {
    match value {
        Some(id) if !parts::is_number(id.trim()) => Err(format!(
            "{key}: Discord knows it by a number; turn on its developer mode and copy the id"
        )),
        _ => Ok(()),
    }
}

/// A message: the headline as its text, so that it stands in notifications and where embeds are turned off,
/// and the facts in an embed with a colour.
pub(super) fn content(parcel: &Parcel) -> Value {
    let message = parcel.message();
    let mut embed = json!({
        "color": colour(&message),
        "footer": {"text": format!("kanban · #{}", message.mark)},
    });
    let body = message.body(&DIALECT, BODY_MAX);
    if !body.is_empty() {
        embed["description"] = json!(body);
    }
    json!({
        "content": message.headline(&DIALECT, HEAD_MAX),
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    })
}

fn colour(message: &Message) -> u32 {
    match (message.kind.as_str(), message.level) {
        ("timed_out", _) => 0xF1_C4_0F,
        (_, Level::Good) => 0x2E_CC_71,
        (_, Level::Info) => 0x34_98_DB,
        (_, Level::Warning) => 0xE6_7E_22,
        (_, Level::Bad) => 0xE7_4C_3C,
    }
}

/// A request in the form that Discord wants.
pub(super) fn request(to: Endpoint, body: &Value) -> Request {
    Request::json(to, body.to_string().into_bytes()).header("user-agent", USER_AGENT)
}

impl Discord {
    fn request(&self, parcel: &Parcel, thread: Option<&str>) -> Request {
        // Without it, Discord answers before it has saved the message, and says nothing if it cannot.
        let mut to = match self.to.has("wait") {
            true => self.to.clone(),
            false => self.to.with("wait", "true"),
        };
        // A thread that stands in the URL stays.
        if let Some(thread) = thread.filter(|_| !to.has("thread_id")) {
            to = to.with("thread_id", thread);
        }
        request(to, &content(parcel))
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let thread = parts::thread(parcel, &self.settings).filter(|id| parts::is_number(id));
        let reply = wire.send(self.request(parcel, thread.as_deref()))?;
        if thread.is_none() || self.to.has("thread_id") || !is_archived(&reply) {
            return Ok(judge(&reply, parcel.at));
        }
        let reply = wire.send(self.request(parcel, None))?;
        Ok(parts::noted(
            judge(&reply, parcel.at),
            "outside of its thread",
        ))
    }
}

impl Channel for Discord {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        self.deliver(parcel, wire).unwrap_or_else(|outcome| outcome)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_refused, body, dirty_parcel, large_parcels, parcel, secrets,
        send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;

    const HOOK: &str = "https://discord.com/api/webhooks/123/abcdefghijkl";
    const GOOD: &str = r#"{"id":"1","channel_id":"2"}"#;

    fn opened(url: &str, thread: Option<&str>) -> Result<Discord, String> {
        let secrets = secrets(Some(url), None, None);
        let settings = settings(ChannelKind::Discord, |keys| {
            keys.thread = thread.map(str::to_owned);
        });
        hook(&settings, &secrets)
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        assert_eq!(
            DIALECT.escaped(HOSTILE),
            r#"\<!channel\> \<@U1\> @everyone \<at user\_id="all"\>x\</at\> \<users/all\> \*b\* \_i\_ \[l\]\(http://e.x\) \`c\` & 100%"#
        );
        let hook = opened(HOOK, None).unwrap();
        let sent = hook.request(&parcel("completed", HOSTILE), None);
        let agent = sent.headers.iter().find(|(name, _)| name == "user-agent");
        assert!(agent.unwrap().1.starts_with("DiscordBot (https://"));
        let json = body(&sent);
        assert_eq!(json["allowed_mentions"], json!({"parse": []}));
        let text = json["content"].as_str().unwrap();
        assert!(text.contains(r"t\_1a2b3c4d \<!channel\>"), "{text}");
        assert_eq!(json["embeds"][0]["color"], 0x2E_CC_71);
        assert_eq!(json["embeds"][0]["footer"]["text"], "kanban · #3f9a1c2e");
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        let hook = opened(HOOK, None).unwrap();
        for parcel in large_parcels() {
            let json = body(&hook.request(&parcel, None));
            let length = |value: &Value| Unit::Utf16.measure(value.as_str().unwrap());
            assert!(length(&json["content"]) <= 2_000);
            assert!(length(&json["embeds"][0]["description"]) <= 4_096);
            assert!(json.to_string().contains("look: kanban show"));
        }
        assert_clean(&hook.request(&dirty_parcel(), None).body);
    }

    #[test]
    fn it_waits_for_the_message_to_be_saved() {
        let url = |hook: &str, thread: Option<&str>| {
            let request = opened(hook, None)
                .unwrap()
                .request(&parcel("completed", "x"), thread);
            request.to.as_str().to_owned()
        };
        assert_eq!(url(HOOK, None), format!("{HOOK}?wait=true"));
        let asked = format!("{HOOK}?wait=true");
        assert_eq!(url(&asked, None), asked);
        assert_eq!(
            url(HOOK, Some("7")),
            format!("{HOOK}?wait=true&thread_id=7")
        );
        let own = format!("{HOOK}?thread_id=5");
        assert_eq!(url(&own, Some("7")), format!("{own}&wait=true"));
    }

    #[test]
    fn a_thread_that_was_put_away_costs_only_the_thread() {
        let fake = Fake::new(&[
            (400, "", r#"{"message":"Thread is archived","code":50083}"#),
            (200, "", GOOD),
        ]);
        let url = format!("{}/api/webhooks/123/abcdefghijkl", fake.url);
        let (outcome, exchanges) =
            send(&opened(&url, Some("7")).unwrap(), &parcel("completed", "x"));
        assert_eq!(
            outcome,
            Outcome::delivered(Some("1 (outside of its thread)".into()))
        );
        let asked = fake.asked();
        assert!(asked[0].path.ends_with("?wait=true&thread_id=7"));
        assert!(asked[1].path.ends_with("?wait=true"));
        assert!(
            asked[0]
                .header("user-agent")
                .unwrap()
                .starts_with("DiscordBot (https://")
        );
        assert!(!format!("{exchanges:?}").contains("abcdefghijkl"));
    }

    #[test]
    fn a_webhook_that_is_gone_is_asked_once() {
        let unknown = r#"{"message":"Unknown Webhook","code":10015}"#;
        let fake = Fake::new(&[(404, "", unknown)]);
        let channel = opened(&format!("{}/webhooks/1/t", fake.url), Some("7")).unwrap();
        let (outcome, exchanges) = send(&channel, &parcel("completed", "x"));
        assert_eq!((outcome.word(), exchanges.len()), ("dead_target", 1));
        assert_eq!(fake.asked().len(), 1);
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_key() {
        for good in [
            HOOK,
            "https://ptb.discord.com/api/v10/webhooks/1/t",
            "https://x.org/hook",
        ] {
            assert!(opened(good, Some("7")).is_ok(), "{good}");
        }
        for bad in [
            "https://discord.com/api/webhooks/123/secret/slack",
            "https://discord.com/api/webhooks/123/secret/github/",
            "https://discord.com/api/webhooks/secret",
            "https://discord.com/channels/1/secret",
            "https://discord.com/api/webhooks/123/secret?wait=false",
        ] {
            assert_refused(opened(bad, None), "url", "secret");
        }
        assert!(
            opened(HOOK, Some("general"))
                .err()
                .unwrap()
                .starts_with("thread: ")
        );
    }
}

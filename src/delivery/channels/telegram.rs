//! Telegram by a bot.

use serde_json::json;

use super::parts;
use super::telegram_verdict::{Form, another, judge};
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::text::{self, Dialect, Unit};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};

/// HTML as Telegram has it. `@name` is a mention in any text, and no way to escape it is known.
const DIALECT: Dialect = Dialect {
    escape: |c| match c {
        '@' => text::parted(c),
        c => text::html(c),
    },
    unit: Unit::Utf16,
};
/// The same where the text is not read as HTML.
const PLAIN: Dialect = Dialect {
    escape: |c| match c {
        '@' => text::parted(c),
        _ => None,
    },
    unit: Unit::Utf16,
};

/// Telegram takes 4,096 characters, counted without what is markup; we count it too.
const TEXT_MAX: usize = 4_000;

const BASE: &str = "https://api.telegram.org";

/// Telegram's FAQ asks for one message a second in a chat, allows short bursts, and takes 20 a minute in a
/// group. 8 + 60 s / 5.1 s are 19 in any minute; what comes up between two ticks mostly goes at once.
const PACE: Pace = Pace {
    burst: 8,
    every_ms: 5_100,
};

struct Telegram {
    to: Endpoint,
    settings: config::Channel,
    secrets: Secrets,
}

/// A bot, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(bot(settings, secrets)?))
}

fn bot(settings: &config::Channel, secrets: &Secrets) -> Result<Telegram, String> {
    let base = parts::base(secrets, BASE)?;
    let token = parts::token("token", secrets.token.as_deref())?;
    if token.starts_with("bot") && token.contains(':') {
        return Err("token: leave off the bot in front of it".into());
    }
    if settings
        .keys
        .to
        .as_deref()
        .is_some_and(|to| !is_chat(to.trim()))
    {
        let why = "a chat is a number such as -1001234567890, or @ and the name of a public one";
        return Err(format!("to: {why}"));
    }
    if settings
        .keys
        .thread
        .as_deref()
        .is_some_and(|t| t.trim().parse::<i64>().is_err())
    {
        return Err("thread: a topic is a number".into());
    }
    // Not encoded: the colon stands in the path as it is.
    let base = base.as_str().trim_end_matches('/');
    let to = Endpoint::parse(&format!("{base}/bot{token}/sendMessage"))
        .map_err(|why| format!("token: {why}"))?;
    Ok(Telegram {
        to,
        settings: settings.clone(),
        secrets: secrets.clone(),
    })
}

fn is_chat(to: &str) -> bool {
    parts::is_number(to) || to.len() > 1 && to.starts_with('@')
}

impl Telegram {
    fn form(&self, parcel: &Parcel) -> Result<Form, Outcome> {
        let chat = parts::to(parcel, &self.settings).ok_or_else(parts::nowhere)?;
        if !is_chat(&chat) {
            return Err(Outcome::dead_target(
                "Telegram knows chats by a number or @name, and where it should go is neither",
            ));
        }
        let thread = parts::thread(parcel, &self.settings).and_then(|id| id.parse().ok());
        Ok(Form {
            chat,
            thread,
            html: true,
            moved: false,
        })
    }

    fn request(&self, parcel: &Parcel, form: &Form) -> Request {
        let message = parcel.message();
        let dialect = if form.html { &DIALECT } else { &PLAIN };
        let text = message.ending(dialect, TEXT_MAX, &format!("#{}", message.mark));
        let mut body = json!({
            "chat_id": match form.chat.parse::<i64>() {
                Ok(number) => json!(number),
                Err(_) => json!(form.chat),
            },
            "text": text,
            "link_preview_options": {"is_disabled": true},
        });
        if form.html {
            body["parse_mode"] = json!("HTML");
        }
        if let Some(thread) = form.thread {
            body["message_thread_id"] = json!(thread);
        }
        Request::json(self.to.clone(), body.to_string().into_bytes())
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let mut form = self.form(parcel)?;
        let mut notes: Vec<String> = Vec::new();
        loop {
            let reply = wire.send(self.request(parcel, &form))?;
            // Each way is tried once, so this ends.
            let Some((next, note)) = another(&reply, &form) else {
                return Ok(parts::noted(judge(&reply, parcel.at), &notes.join(", ")));
            };
            form = next;
            notes.push(note);
        }
    }
}

impl Channel for Telegram {
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

    const GOOD: &str = r#"{"ok":true,"result":{"message_id":5}}"#;
    const TOKEN: &str = "123456:AAsecretsecret";

    fn opened(url: Option<&str>, to: Option<&str>, token: &str) -> Result<Telegram, String> {
        let settings = settings(ChannelKind::Telegram, |keys| {
            keys.to = to.map(str::to_owned);
        });
        let secrets = secrets(url, Some(token), None);
        bot(&settings, &secrets)
    }

    fn form(chat: &str, thread: Option<i64>) -> Form {
        Form {
            chat: chat.into(),
            thread,
            html: true,
            moved: false,
        }
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        assert_eq!(
            DIALECT.escaped(HOSTILE),
            "&lt;!channel&gt; &lt;@\u{200b}U1&gt; @\u{200b}everyone &lt;at user_id=\"all\"&gt;x&lt;/at&gt; \
             &lt;users/all&gt; *b* _i_ [l](http://e.x) `c` &amp; 100%"
        );
        let bot = opened(None, Some("-1001"), TOKEN).unwrap();
        let sent = bot.request(&parcel("completed", HOSTILE), &form("-1001", Some(42)));
        assert_eq!(
            sent.to.as_str(),
            "https://api.telegram.org/bot123456:AAsecretsecret/sendMessage"
        );
        let json = body(&sent);
        assert_eq!(
            (&json["chat_id"], &json["message_thread_id"]),
            (&json!(-1001), &json!(42))
        );
        assert_eq!(json["parse_mode"], "HTML");
        assert_eq!(json["link_preview_options"]["is_disabled"], true);
        let text = json["text"].as_str().unwrap();
        assert!(
            !text.contains('<') && text.ends_with("\n#3f9a1c2e"),
            "{text}"
        );

        let plain = Form {
            html: false,
            ..form("@board", None)
        };
        let json = body(&bot.request(&parcel("completed", HOSTILE), &plain));
        assert_eq!(json["chat_id"], "@board");
        assert!(json.get("parse_mode").is_none() && json.get("message_thread_id").is_none());
        assert!(
            json["text"]
                .as_str()
                .unwrap()
                .contains("<@\u{200b}U1> @\u{200b}everyone")
        );
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        let bot = opened(None, Some("-1001"), TOKEN).unwrap();
        for parcel in large_parcels() {
            let json = body(&bot.request(&parcel, &form("-1001", None)));
            let text = json["text"].as_str().unwrap();
            assert!(Unit::Utf16.measure(text) <= 4_096, "{}", text.len());
            assert!(text.contains("look: kanban show"));
        }
        assert_clean(&bot.request(&dirty_parcel(), &form("-1001", None)).body);
    }

    #[test]
    fn what_telegram_says_would_do_is_done_at_once() {
        let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100999}}"#;
        let thread = r#"{"ok":false,"error_code":400,"description":"Bad Request: message thread not found"}"#;
        let markup =
            r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: x"}"#;
        let fake = Fake::new(&[
            (400, "", moved),
            (400, "", thread),
            (400, "", markup),
            (200, "", GOOD),
        ]);
        let bot = opened(Some(&fake.url), Some("-7"), TOKEN).unwrap();
        let mut parcel = parcel("completed", "x");
        parcel.thread = Some("42".into());
        let (outcome, exchanges) = send(&bot, &parcel);
        let receipt = "5 (chat is now -100999, outside of its thread, as plain text)";
        assert_eq!(outcome, Outcome::delivered(Some(receipt.into())));
        let asked = fake.asked();
        assert_eq!(asked[0].body["chat_id"], -7);
        assert_eq!(asked[1].body["chat_id"], -100_999);
        assert_eq!(asked[1].body["message_thread_id"], 42);
        assert!(asked[2].body.get("message_thread_id").is_none());
        assert!(asked[3].body.get("parse_mode").is_none());
        assert!(!format!("{exchanges:?}").contains("AAsecret"));
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_key() {
        for good in ["-1001234567890", "42", "@board"] {
            assert!(opened(None, Some(good), TOKEN).is_ok(), "{good}");
        }
        for (to, token, key) in [
            ("board", TOKEN, "to"),
            ("42", "bot123:secret", "token"),
            ("42", "123:sec ret", "token"),
            ("42", "https://api.telegram.org/bot123:secret", "token"),
        ] {
            assert_refused(opened(None, Some(to), token), key, "sec");
        }
        let nowhere = opened(None, None, TOKEN).unwrap();
        assert_eq!(
            send(&nowhere, &parcel("completed", "x")).0,
            parts::nowhere()
        );
        let mut odd = parcel("completed", "x");
        odd.to = Some("board".into());
        assert_eq!(send(&nowhere, &odd).0.word(), "dead_target");
    }
}

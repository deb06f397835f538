//! Matrix: a notice in a room, by the client API of a homeserver.
//!
//! The server knows a repetition by the id of the delivery and answers it with the first message, so nothing
//! comes twice. Nothing is encrypted here: in an encrypted room the notice stands in the clear.

use serde_json::{Value, json};

use super::matrix_verdict::judge;
use super::parts;
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Method, Request};
use crate::delivery::text::{self, Dialect, Unit};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Parcel, Secrets};

/// The text for those that show no markup.
const PLAIN: Dialect = Dialect::plain(Unit::Json);
/// HTML as Matrix has it.
const HTML: Dialect = Dialect {
    escape: text::html,
    unit: Unit::Json,
};
/// The same for the headline, so that no script has less room for a title than another.
const HEAD: Dialect = Dialect {
    escape: text::html,
    unit: Unit::Utf16,
};

/// The headline, in UTF-16 units (of at most three bytes each).
const HEAD_MAX: usize = 600;
/// The facts as plain text, in bytes of JSON. A whole event is at most 65,536 bytes, of which we take 48,000
/// and leave the rest for what servers add.
const PLAIN_MAX: usize = 19_000;
/// The facts as HTML: escapes make them longer.
const HTML_MAX: usize = 24_000;

const ALIAS: &str = "an address with # may lead to another room tomorrow, and messages go to rooms by their id; it \
                     begins with ! and stands in the room's settings under Advanced";

struct Matrix {
    base: Endpoint,
    token: String,
    settings: config::Channel,
    secrets: Secrets,
}

/// A room, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(room(settings, secrets)?))
}

fn room(settings: &config::Channel, secrets: &Secrets) -> Result<Matrix, String> {
    if secrets.url.is_none() {
        // No homeserver is the usual one.
        return Err("url: missing".into());
    }
    let base = parts::base(secrets, "")?;
    if base.path().contains("/_matrix") {
        return Err("url: give the address of the homeserver alone, without /_matrix/…".into());
    }
    let token = parts::token("token", secrets.token.as_deref())?;
    if let Some(to) = settings.keys.to.as_deref() {
        check_room(to.trim()).map_err(|why| format!("to: {why}"))?;
    }
    match settings.keys.thread.as_deref() {
        Some(thread) if !is_event(thread.trim()) => {
            return Err(
                "thread: a thread is named by the id of its first event, which begins with $"
                    .into(),
            );
        }
        _ => {}
    }
    Ok(Matrix {
        base,
        token,
        settings: settings.clone(),
        secrets: secrets.clone(),
    })
}

/// Rooms are named by an id; where it comes from a newer version of rooms, no server is part of it.
fn check_room(to: &str) -> Result<(), &'static str> {
    match to.strip_prefix('!') {
        Some(rest) if !rest.is_empty() => Ok(()),
        _ if to.starts_with('#') => Err(ALIAS),
        _ => Err("a room is named by its id, such as !abc:example.org"),
    }
}

fn is_event(thread: &str) -> bool {
    thread.len() > 1 && thread.starts_with('$')
}

/// A message as an event's content: the headline in bold, and a line for each fact.
fn content(parcel: &Parcel, thread: Option<&str>) -> Value {
    let message = parcel.message();
    let head = message.headline(&Dialect::plain(Unit::Utf16), HEAD_MAX);
    let html = format!("<b>{}</b>", message.headline(&HEAD, HEAD_MAX));
    let with = |head: String, body: String| match body.is_empty() {
        true => head,
        false => format!("{head}\n{body}"),
    };
    let html = with(html, message.body(&HTML, HTML_MAX));
    let mut content = json!({
        // Programs answer messages of people, and never a notice.
        "msgtype": "m.notice",
        "body": with(head, message.body(&PLAIN, PLAIN_MAX)),
        "format": "org.matrix.custom.html",
        "formatted_body": html.replace('\n', "<br>"),
        // Where it is missing, clients look for names in the text and call whom they find.
        "m.mentions": {},
    });
    if let Some(root) = thread {
        content["m.relates_to"] = json!({
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": true,
            "m.in_reply_to": {"event_id": root},
        });
    }
    content
}

impl Matrix {
    fn request(&self, parcel: &Parcel) -> Result<Request, Outcome> {
        let room = parts::to(parcel, &self.settings).ok_or_else(parts::nowhere)?;
        check_room(&room).map_err(Outcome::dead_target)?;
        let thread = parts::thread(parcel, &self.settings).filter(|id| is_event(id));
        let to = self.base.below(&[
            "_matrix",
            "client",
            "v3",
            "rooms",
            &room,
            "send",
            "m.room.message",
            &parcel.id,
        ]);
        let body = content(parcel, thread.as_deref()).to_string().into_bytes();
        let request = Request {
            method: Method::Put,
            ..Request::json(to, body)
        };
        Ok(request.header("authorization", format!("Bearer {}", self.token)))
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let reply = wire.send(self.request(parcel)?)?;
        Ok(judge(&reply, parcel.at))
    }
}

// No pace: each homeserver has limits of its own, and says how long to wait.
impl Channel for Matrix {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        self.deliver(parcel, wire).unwrap_or_else(|outcome| outcome)
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

    const HOME: &str = "https://matrix.example.org";
    const TOKEN: &str = "syt_c2VjcmV0_token";
    const ROOM: &str = "!abc:ex.org";

    fn opened(url: &str, to: Option<&str>, thread: Option<&str>) -> Result<Matrix, String> {
        let settings = settings(ChannelKind::Matrix, |keys| {
            keys.to = to.map(str::to_owned);
            keys.thread = thread.map(str::to_owned);
        });
        let secrets = secrets(Some(url), Some(TOKEN), None);
        room(&settings, &secrets)
    }

    fn sent(parcel: &Parcel) -> Request {
        let room = opened(HOME, Some(ROOM), None).unwrap();
        room.request(parcel).unwrap()
    }

    #[test]
    fn the_hostile_title_pings_nobody() {
        let safe = r#"&lt;!channel&gt; &lt;@U1&gt; @everyone &lt;at user_id="all"&gt;x&lt;/at&gt; &lt;users/all&gt; *b* _i_ [l](http://e.x) `c` &amp; 100%"#;
        assert_eq!(HTML.escaped(HOSTILE), safe);
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": "one\n<two>"});
        let json = body(&sent(&parcel));
        assert_eq!(json["msgtype"], "m.notice");
        assert_eq!(json["m.mentions"], json!({}));
        assert_eq!(json["format"], "org.matrix.custom.html");
        let start = format!("✅ [default] t_1a2b3c4d {HOSTILE}: done\nsummary: one\n<two>\n");
        assert!(json["body"].as_str().unwrap().starts_with(&start));
        let html = json["formatted_body"].as_str().unwrap();
        let start = format!(
            "<b>✅ [default] t_1a2b3c4d {safe}: done</b><br>summary: one<br>&lt;two&gt;<br>"
        );
        assert!(html.starts_with(&start) && !html.contains('\n'), "{html}");
        assert!(json.get("m.relates_to").is_none());
    }

    #[test]
    fn no_message_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let sent = sent(&parcel);
            assert!(sent.body.len() <= 48_000, "{}", sent.body.len());
            for text in ["body", "formatted_body"] {
                let json = body(&sent);
                let text = json[text].as_str().unwrap();
                assert!(text.contains("look: kanban show"), "{text}");
            }
        }
        assert_clean(&sent(&dirty_parcel()).body);
    }

    #[test]
    fn a_second_try_has_the_same_transaction() {
        let fake = Fake::new(&[(502, "", "<html>"), (200, "", r#"{"event_id":"$e"}"#)]);
        let room = opened(&format!("{}/", fake.url), Some(ROOM), None).unwrap();
        let mut parcel = parcel("completed", "x");
        let (outcome, exchanges) = send(&room, &parcel);
        assert_eq!(outcome.word(), "ambiguous");
        assert!(!format!("{exchanges:?}").contains(TOKEN));
        parcel.attempt = 2;
        parcel.at += 60;
        let (outcome, _) = send(&room, &parcel);
        assert_eq!(outcome, Outcome::delivered(Some("$e".into())));
        let asked = fake.asked();
        let path = "/_matrix/client/v3/rooms/%21abc%3Aex.org/send/m.room.message/\
                    dlv_3f9a1c2e00112233445566778899aabb";
        assert_eq!(asked[0].path, path);
        assert_eq!(asked[1].path, path);
        assert_eq!(asked[0].body, asked[1].body);
        let bearer = format!("Bearer {TOKEN}");
        assert_eq!(asked[0].header("authorization"), Some(&*bearer));
        assert_eq!(sent(&parcel).method, Method::Put);
    }

    #[test]
    fn a_parcel_knows_best_where_it_goes() {
        let room = opened(HOME, Some(ROOM), Some("$root")).unwrap();
        let mut parcel = parcel("completed", "x");
        let relation =
            |parcel: &Parcel| body(&room.request(parcel).unwrap())["m.relates_to"].clone();
        let expected = json!({
            "rel_type": "m.thread",
            "event_id": "$root",
            "is_falling_back": true,
            "m.in_reply_to": {"event_id": "$root"},
        });
        assert_eq!(relation(&parcel), expected);
        parcel.to = Some("!other".into());
        assert_eq!(relation(&parcel), Value::Null);
        let to = room.request(&parcel).unwrap().to;
        assert!(to.as_str().contains("/rooms/%21other/send/"));
        parcel.to = Some("#board:ex.org".into());
        let (outcome, exchanges) = send(&room, &parcel);
        assert_eq!((outcome.word(), exchanges.len()), ("dead_target", 0));
        parcel.to = None;
        let nowhere = opened(HOME, None, None).unwrap();
        assert_eq!(send(&nowhere, &parcel).0, parts::nowhere());
    }

    #[test]
    fn values_that_cannot_work_are_refused_by_their_key() {
        assert!(opened("http://127.0.0.1:1/proxy", Some(ROOM), Some("$e")).is_ok());
        for (url, to, thread, key) in [
            ("matrix.example.org/secret", ROOM, "$e", "url: "),
            ("https://x.org/?token=secret", ROOM, "$e", "url: "),
            ("https://x.org/_matrix/client/v3", ROOM, "$e", "url: "),
            (HOME, "#board:ex.org", "$e", "to: an address with # "),
            (HOME, "@somebody:ex.org", "$e", "to: "),
            (HOME, "!", "$e", "to: "),
            (HOME, ROOM, "general", "thread: "),
        ] {
            let said = opened(url, Some(to), Some(thread)).err().unwrap();
            assert!(said.starts_with(key) && !said.contains("secret"), "{said}");
        }
        let settings = settings(ChannelKind::Matrix, |_| {});
        let said = |secrets: &Secrets| open(&settings, secrets).err().unwrap();
        assert_eq!(said(&Secrets::default()), "url: missing");
        let mut secrets = secrets(Some(HOME), None, None);
        assert_eq!(said(&secrets), "token: missing");
        secrets.token = Some("Bearer secret".into());
        assert_refused(open(&settings, &secrets), "token", "secret");
    }
}

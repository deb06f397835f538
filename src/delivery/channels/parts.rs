//! Parts that several channels are made of: what their values must look like, where a parcel goes, and
//! verdicts that do not depend on who answers.

use serde_json::Value;

use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::message::Message;
use crate::delivery::text::{Dialect, one_line};
use crate::delivery::verdict::{by_status, text_at, unclear};
use crate::delivery::wire::Wire;
use crate::delivery::{Parcel, Secrets};
use crate::time::Seconds;

/// The address of a webhook.
pub fn hook(secrets: &Secrets) -> Result<Endpoint, String> {
    match secrets.url.as_deref() {
        Some(url) => Endpoint::parse(url).map_err(|why| format!("url: {why}")),
        None => Err("url: missing".into()),
    }
}

/// The base of an API: that of the service, unless another server is named.
pub fn base(secrets: &Secrets, usual: &str) -> Result<Endpoint, String> {
    let url = secrets.url.as_deref().unwrap_or(usual);
    let base = Endpoint::parse(url).map_err(|why| format!("url: {why}"))?;
    match base.as_str().contains('?') {
        true => Err("url: the base of an API has no query (?)".into()),
        false => Ok(base),
    }
}

/// A token as it stands in a header or a path. Only what surely is none is refused.
pub fn token(key: &str, value: Option<&str>) -> Result<String, String> {
    let token = present(key, value)?;
    // No service puts these in one; they come from a URL or a whole header line that was copied.
    let foreign = |b: u8| !b.is_ascii_graphic() || b"/?#%\"'<>".contains(&b);
    match token.bytes().any(foreign) {
        true => Err(format!(
            "{key}: has white space or a character that no token has; give the token alone"
        )),
        false => Ok(token),
    }
}

/// A secret that goes into a header, a field or a signature as one word.
pub fn word(key: &str, value: Option<&str>) -> Result<String, String> {
    let word = present(key, value)?;
    match word.contains(|c: char| c.is_whitespace() || c.is_control()) {
        true => Err(format!(
            "{key}: has white space or a control character in it"
        )),
        false => Ok(word),
    }
}

/// The same where none may be given.
pub fn word_if(key: &str, value: Option<&str>) -> Result<Option<String>, String> {
    value.map(|value| word(key, Some(value))).transpose()
}

/// A keyword, in bytes. No vendor states a limit; a longer one would not leave room for the message.
const KEYWORD_MAX: usize = 300;

/// The word that a robot asks for in each message, if there is one.
pub fn keyword(settings: &config::Channel) -> Result<Option<String>, String> {
    let Some(keyword) = given(settings.keys.keyword.as_deref()) else {
        return Ok(None);
    };
    if keyword.len() > KEYWORD_MAX {
        return Err(format!("keyword: longer than {KEYWORD_MAX} bytes"));
    }
    if keyword.contains(char::is_control) {
        return Err("keyword: has a line break or another control character in it".into());
    }
    Ok(Some(one_line(keyword)).filter(|keyword| !keyword.is_empty()))
}

fn present(key: &str, value: Option<&str>) -> Result<String, String> {
    match value.map(str::trim) {
        None => Err(format!("{key}: missing")),
        Some("") => Err(format!("{key}: empty")),
        Some(value) => Ok(value.to_owned()),
    }
}

/// Whether an address is one of a vendor's own, by the vendor's domains.
pub fn is_of(to: &Endpoint, domains: &[&str]) -> bool {
    let below = |domain: &str| {
        to.host()
            .strip_suffix(domain)
            .is_some_and(|s| s.ends_with('.'))
    };
    domains
        .iter()
        .any(|domain| to.host() == *domain || below(domain))
}

/// Keeps everything that a channel was given in secret from being shown.
pub fn hide(secrets: &Secrets, wire: &Wire<'_>) {
    let all = [&secrets.url, &secrets.token, &secrets.secret];
    for secret in all.into_iter().flatten() {
        wire.hide(secret.trim());
    }
}

/// Whom a parcel is for: it knows best, then the configuration.
pub fn recipient<'a>(parcel: &'a Parcel, own: Option<&'a str>) -> Option<&'a str> {
    given(parcel.to.as_deref()).or_else(|| given(own))
}

/// Where a parcel goes, in the same way.
pub fn to(parcel: &Parcel, settings: &config::Channel) -> Option<String> {
    recipient(parcel, settings.keys.to.as_deref()).map(str::to_owned)
}

/// The thread that a parcel goes to, in the same way.
///
/// A thread of the settings belongs to the chat of the settings, so it is left out where another is named.
pub fn thread(parcel: &Parcel, settings: &config::Channel) -> Option<String> {
    let own = given(settings.keys.to.as_deref());
    let elsewhere = given(parcel.to.as_deref()).is_some_and(|to| own != Some(to));
    given(parcel.thread.as_deref())
        .or_else(|| given(settings.keys.thread.as_deref()).filter(|_| !elsewhere))
        .map(str::to_owned)
}

fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// What stands below a title of its own: the facts, or the headline if there are none, for no service takes
/// an empty text.
pub fn body(message: &Message, dialect: &Dialect, max: usize) -> String {
    match message.body(dialect, max) {
        body if body.is_empty() => message.headline(dialect, max),
        body => body,
    }
}

/// A number as services give ids, perhaps with a sign.
pub fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Nobody said whom.
pub fn nowhere() -> Outcome {
    Outcome::dead_target(
        "nobody is named whom it should go to: set the key to, or subscribe a chat",
    )
}

/// Reads an answer that came at this time.
pub type Judge = fn(&Reply, Seconds) -> Outcome;

/// Sends one request, and no other whatever the answer is.
pub fn once(request: Request, parcel: &Parcel, wire: &Wire<'_>, judge: Judge) -> Outcome {
    match wire.send(request) {
        Ok(reply) => judge(&reply, parcel.at),
        Err(outcome) => outcome,
    }
}

/// What a receiver says in the first of these fields of its JSON that it has; without JSON, its words, but
/// not the page of some proxy.
pub fn complaint(reply: &Reply, fields: &[&str]) -> String {
    match reply.json() {
        Some(json) => fields
            .iter()
            .find_map(|field| text_at(&json, &[field]))
            .unwrap_or_default(),
        None => {
            let text = reply.text();
            match text.trim_start().starts_with('<') {
                true => String::new(),
                false => text,
            }
        }
    }
}

/// The texts in the list `errors` of an answer.
pub fn errors(json: &Value) -> Vec<String> {
    let list = json.get("errors").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|error| error.as_str().map(str::to_owned))
        .collect()
}

/// What an answer means that says nothing of its own: never a success.
pub fn otherwise(reply: &Reply, said: &str, now: Seconds) -> Outcome {
    match reply.is_good() {
        true => unclear(reply, said),
        false => by_status(reply, said, now),
    }
}

/// The same for a request before the one that carries the message: whatever went wrong, nothing was sent
/// yet, and it was not the fault of the message.
pub fn beforehand(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Ambiguous { why, after } => Outcome::retry_after(why, after),
        Outcome::DeadMessage { why } => Outcome::dead_target(why),
        other => other,
    }
}

/// A success with a remark on how it came to be.
pub fn noted(outcome: Outcome, note: &str) -> Outcome {
    match outcome {
        Outcome::Delivered { receipt } if !note.is_empty() => {
            Outcome::delivered(Some(match receipt {
                Some(receipt) => format!("{receipt} ({note})"),
                None => note.to_owned(),
            }))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{assert_refused, parcel, secrets, settings};
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::verdict::tests::reply;

    #[test]
    fn what_is_surely_no_token_is_refused_without_repeating_it() {
        for bad in [
            "",
            " ",
            "se cret",
            "https://se.cret",
            "a/secret",
            "Bearer secret",
            "sé",
        ] {
            let said = token("token", Some(bad)).unwrap_err();
            assert!(said.starts_with("token: "), "{bad}: {said}");
            assert!(!said.contains("cret"), "{bad}: {said}");
        }
        assert_eq!(token("token", Some(" xoxb-1-a\n")).unwrap(), "xoxb-1-a");
        assert!(token("token", Some("123:AA-b_c=.")).is_ok());
    }

    #[test]
    fn a_bad_value_is_told_with_its_key_and_never_repeated() {
        let named = |url: &str| secrets(Some(url), None, None);
        let url = base(&named("hooks.example.org/sesame"), "https://x.org").unwrap_err();
        assert!(url.starts_with("url: ") && !url.contains("sesame"), "{url}");
        for bad in ["", " ", "ses ame", "ses\name", "ses\u{1b}ame"] {
            let token = word("token", Some(bad)).unwrap_err();
            assert!(token.starts_with("token: ") && !token.contains("ses"));
        }
        assert_eq!(word("token", None).unwrap_err(), "token: missing");
        assert_eq!(word("token", Some("sesame")).unwrap(), "sesame");
        assert!(word("secret", Some("any/+thing")).is_ok());
        assert!(word("secret", Some("a b")).is_err());
    }

    #[test]
    fn the_base_of_an_api_is_that_of_the_service_unless_another_is_named() {
        let at = |url: Option<&str>| {
            base(&secrets(url, None, None), "https://slack.com/api")
                .map(|base| base.as_str().to_owned())
        };
        assert_eq!(at(None).unwrap(), "https://slack.com/api");
        assert_eq!(
            at(Some("http://127.0.0.1:1")).unwrap(),
            "http://127.0.0.1:1"
        );
        for bad in ["x", "https://x.org/?a=b", ""] {
            assert!(at(Some(bad)).unwrap_err().starts_with("url: "), "{bad}");
        }
    }

    #[test]
    fn a_parcel_knows_best_where_it_goes() {
        let mut settings = settings(ChannelKind::Slack, |keys| {
            keys.to = Some("C1".into());
            keys.thread = Some("1.1".into());
        });
        let mut parcel = parcel("completed", "x");
        let of = |parcel: &Parcel, settings: &config::Channel| {
            (to(parcel, settings), thread(parcel, settings))
        };
        let pair =
            |to: &str, thread: Option<&str>| (Some(to.to_owned()), thread.map(str::to_owned));
        assert_eq!(of(&parcel, &settings), pair("C1", Some("1.1")));
        parcel.to = Some("C2".into());
        assert_eq!(of(&parcel, &settings), pair("C2", None));
        parcel.thread = Some("2.2".into());
        assert_eq!(of(&parcel, &settings), pair("C2", Some("2.2")));
        parcel.to = Some("".into());
        assert_eq!(of(&parcel, &settings), pair("C1", Some("2.2")));
        settings.keys.to = None;
        assert_eq!(to(&parcel, &settings), None);
    }

    #[test]
    fn the_message_says_whom_it_is_for_and_else_the_configuration() {
        let mut parcel = parcel("completed", "x");
        assert_eq!(recipient(&parcel, Some("a")), Some("a"));
        assert_eq!(recipient(&parcel, None), None);
        assert_eq!(recipient(&parcel, Some(" ")), None);
        parcel.to = Some("b".into());
        assert_eq!(recipient(&parcel, Some("a")), Some("b"));
    }

    #[test]
    fn a_keyword_is_one_short_line_or_none() {
        let of = |word: &str| {
            keyword(&settings(ChannelKind::Feishu, |keys| {
                keys.keyword = Some(word.to_owned());
            }))
        };
        assert_eq!(of(" 部署 "), Ok(Some("部署".to_owned())));
        assert_eq!(of(" "), Ok(None));
        for bad in ["a\nb", &"k".repeat(301)] {
            assert_refused(of(bad), "keyword", bad);
        }
    }

    #[test]
    fn a_host_is_a_vendors_only_as_a_whole_or_below_a_dot() {
        for (url, expected) in [
            ("https://discord.com/api", true),
            ("https://ptb.discord.com/api", true),
            ("https://notdiscord.com/api", false),
            ("https://discord.com.example.org/api", false),
        ] {
            let to = Endpoint::parse(url).unwrap();
            assert_eq!(
                is_of(&to, &["example.com", "discord.com"]),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn of_a_complaint_only_what_says_something_is_repeated() {
        let json = reply(400, r#"{"error":"no","other":1}"#);
        assert_eq!(complaint(&json, &["message", "error"]), "no");
        assert_eq!(complaint(&json, &["message"]), "");
        assert_eq!(complaint(&reply(502, "<html>Bad Gateway"), &["error"]), "");
        assert_eq!(complaint(&reply(502, "bad gateway"), &[]), "bad gateway");
    }

    #[test]
    fn what_fails_before_the_message_is_sent_is_sure_not_to_have_sent_it() {
        assert_eq!(beforehand(Outcome::ambiguous("x")), Outcome::retry("x"));
        assert_eq!(
            beforehand(Outcome::dead_message("x")),
            Outcome::dead_target("x")
        );
    }

    #[test]
    fn a_remark_stands_behind_the_receipt() {
        let sent = |receipt: Option<&str>| Outcome::delivered(receipt.map(str::to_owned));
        assert_eq!(noted(sent(Some("5")), "late"), sent(Some("5 (late)")));
        assert_eq!(noted(sent(None), "late"), sent(Some("late")));
        assert_eq!(noted(sent(Some("5")), ""), sent(Some("5")));
        assert_eq!(noted(Outcome::retry("x"), "late"), Outcome::retry("x"));
    }
}

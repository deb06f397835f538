//! A webhook: any program that takes JSON over HTTP, signed as Standard Webhooks or as GitHub does it.
//!
//! The body is made into bytes once; those bytes are signed and sent. Tries of one message differ in nothing
//! but the time of the try and the signature over it, so a receiver knows a repetition by `webhook-id`.

use super::envelope;
use super::parts;
use super::signer::Signer;
use crate::board::delivery::Outcome;
use crate::config::{self, Format};
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::{Reply, Request};
use crate::delivery::verdict::{by_status, says};
use crate::delivery::wire::{Wire, secret_header};
use crate::delivery::{Channel, Parcel, Secrets};
use crate::time::Seconds;

struct Webhook {
    to: Endpoint,
    format: Format,
    headers: Vec<(String, String)>,
    bearer: Option<String>,
    signer: Option<Signer>,
    hidden: Vec<String>,
}

/// A channel to an address. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(webhook(settings, secrets)?))
}

fn webhook(settings: &config::Channel, secrets: &Secrets) -> Result<Webhook, String> {
    let bearer = parts::word_if("token", secrets.token.as_deref())?;
    let mut hidden: Vec<String> = [&bearer, &secrets.secret]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    // Each of several words could be repeated on its own.
    let words = |text: &str| -> Vec<String> {
        let long = text.split_whitespace().filter(|word| word.len() >= 8);
        long.map(str::to_owned).collect()
    };
    hidden.extend(secrets.secret.iter().flat_map(|secret| words(secret)));
    for (name, value) in &settings.keys.headers {
        if secret_header(name) {
            hidden.push(value.clone());
            hidden.extend(words(value));
        }
    }
    Ok(Webhook {
        to: parts::hook(secrets)?,
        format: settings.keys.format.unwrap_or_default(),
        headers: settings.keys.headers.clone().into_iter().collect(),
        bearer,
        signer: secrets.secret.as_deref().map(Signer::read).transpose()?,
        hidden,
    })
}

// What a receiver can take is its own business: it says so with 429 and a wait.
impl Channel for Webhook {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        for secret in &self.hidden {
            wire.hide(secret);
        }
        let request = match self.request(parcel) {
            Ok(request) => request,
            Err(e) => return Outcome::dead_message(format!("it cannot be written as JSON: {e}")),
        };
        parts::once(request, parcel, wire, judge)
    }
}

impl Webhook {
    fn request(&self, parcel: &Parcel) -> Result<Request, serde_json::Error> {
        let body = envelope::bytes(self.format, parcel)?;
        let mut headers = vec![
            ("webhook-id".to_owned(), parcel.id.clone()),
            ("webhook-timestamp".to_owned(), parcel.at.to_string()),
        ];
        headers.extend(
            self.signer
                .iter()
                .map(|s| s.header(&parcel.id, parcel.at, &body)),
        );
        if let Some(token) = &self.bearer {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        let mut request = Request::json(self.to.clone(), body)
            .header("content-type", envelope::content_type(self.format));
        request.wants_body = false;
        // Ours come last: nobody's own header takes the place of a signature.
        Ok(self
            .headers
            .iter()
            .cloned()
            .chain(headers)
            .fold(request, |request, (name, value)| {
                request.header(&name, value)
            }))
    }
}

fn judge(reply: &Reply, now: Seconds) -> Outcome {
    if reply.is_good() {
        return Outcome::delivered(None);
    }
    let said = parts::complaint(reply, &["message", "error", "detail", "title"]);
    let why = says(reply, &said);
    // How receivers that know Svix ask for no more tries.
    match reply.header("webhook-delivery").map(str::trim) {
        Some("disable") => return Outcome::DeadTarget { why, gone: true },
        Some("abort-message") => return Outcome::dead_message(why),
        _ => {}
    }
    match reply.status {
        // A program that is being replaced may not have its path for a while.
        404 => Outcome::retry_after(why, reply.retry_after(now)),
        // Our format is not understood there, whatever the message is.
        415 => Outcome::dead_target(why),
        _ => by_status(reply, &said, now),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, ACTING, Fake, NOW};
    use super::*;
    use crate::config::{ChannelKeys, ChannelKind};
    use crate::delivery::sign;
    use crate::delivery::text::tests::HOSTILE;
    use crate::delivery::verdict::tests::{reply, with};

    const K1: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const K2: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    fn channel(
        change: impl Fn(&mut ChannelKeys),
        token: Option<&str>,
        secret: Option<&str>,
    ) -> Result<Webhook, String> {
        let settings = fake::settings(ChannelKind::Webhook, change);
        let url = Some("https://hooks.example.org/kanban");
        webhook(&settings, &fake::secrets(url, token, secret))
    }

    fn signed(request: &Request, secret: &str) -> String {
        let key = sign::standard_webhook_key(secret).unwrap();
        let id = fake::header(request, "webhook-id").unwrap();
        let at = fake::header(request, "webhook-timestamp").unwrap();
        sign::standard_webhook(&key, id, at.parse().unwrap(), &request.body)
    }

    fn cloudevents(keys: &mut ChannelKeys) {
        keys.format = Some(Format::CloudEvents);
    }

    #[test]
    fn a_message_is_signed_over_the_bytes_that_are_sent() {
        let hook = channel(|_| {}, None, Some(K1)).unwrap();
        let parcel = fake::parcel("completed", "部署完成 🚀");
        let request = hook.request(&parcel).unwrap();
        assert_eq!(request.to.as_str(), "https://hooks.example.org/kanban");
        assert!(!request.wants_body);
        assert_eq!(
            fake::header(&request, "webhook-id"),
            Some("dlv_3f9a1c2e00112233445566778899aabb")
        );
        assert_eq!(
            fake::header(&request, "webhook-timestamp"),
            Some("1767225600")
        );
        assert_eq!(
            fake::header(&request, "webhook-signature"),
            Some(signed(&request, K1).as_str())
        );
        assert_eq!(
            fake::header(&request, "content-type"),
            Some("application/json; charset=utf-8")
        );
    }

    #[test]
    fn a_repetition_has_the_same_id_and_bytes_and_a_signature_of_its_own() {
        for change in [|_: &mut ChannelKeys| {}, cloudevents] {
            let hook = channel(change, None, Some(K1)).unwrap();
            let mut parcel = fake::parcel("completed", HOSTILE);
            let first = hook.request(&parcel).unwrap();
            parcel.at += 300;
            parcel.attempt += 1;
            let second = hook.request(&parcel).unwrap();
            assert_eq!(first.body, second.body);
            let header = |request, name| fake::header(request, name).map(str::to_owned);
            assert_eq!(header(&first, "webhook-id"), header(&second, "webhook-id"));
            assert_eq!(header(&second, "webhook-timestamp").unwrap(), "1767225900");
            let signature = header(&second, "webhook-signature").unwrap();
            assert_eq!(signature, signed(&second, K1));
            assert_ne!(Some(signature), header(&first, "webhook-signature"));
        }
    }

    #[test]
    fn another_secret_signs_as_github_does_and_a_token_says_who_we_are() {
        let hook = channel(|_| {}, Some("sesame"), Some("kanban-hook-secret")).unwrap();
        let request = hook.request(&fake::parcel("completed", "x")).unwrap();
        assert_eq!(
            fake::header(&request, "x-hub-signature-256").unwrap(),
            sign::hub("kanban-hook-secret", &request.body)
        );
        assert_eq!(fake::header(&request, "webhook-signature"), None);
        assert_eq!(
            fake::header(&request, "authorization"),
            Some("Bearer sesame")
        );
    }

    #[test]
    fn a_cloudevent_says_what_it_is_and_is_signed_too() {
        let hook = channel(cloudevents, None, Some(K1)).unwrap();
        let request = hook.request(&fake::parcel("completed", "x")).unwrap();
        assert_eq!(
            fake::header(&request, "content-type"),
            Some("application/cloudevents+json; charset=utf-8")
        );
        assert_eq!(
            fake::header(&request, "webhook-signature"),
            Some(signed(&request, K1).as_str())
        );
        let id = fake::header(&request, "webhook-id").unwrap();
        assert_eq!(fake::body(&request)["id"], id);
    }

    #[test]
    fn no_title_makes_a_header_and_none_is_changed_for_programs() {
        let hook = channel(|_| {}, None, Some(K1)).unwrap();
        let request = hook.request(&fake::parcel("completed", ACTING)).unwrap();
        assert_eq!(request.headers.len(), 4);
        for (name, value) in &request.headers {
            assert!(
                !value.contains(char::is_control) && !value.contains("Evil"),
                "{name}"
            );
        }
        assert!(!request.body.contains(&b'\n') && !request.body.contains(&0));
        let data = &fake::body(&request)["data"];
        assert_eq!(data["task"]["title"], ACTING);
        fake::assert_harmless(data["text"].as_str().unwrap());
        let hostile = hook.request(&fake::parcel("completed", HOSTILE)).unwrap();
        assert_eq!(fake::body(&hostile)["data"]["task"]["title"], HOSTILE);
        // Nobody set a limit; it still is one line of JSON, and the text for people is short.
        let long = fake::body(&hook.request(&fake::endless()).unwrap());
        assert!(long["data"]["text"].as_str().unwrap().len() < 16_000);
    }

    #[test]
    fn further_headers_are_added_but_take_the_place_of_none_that_signs() {
        let headers = |keys: &mut ChannelKeys| {
            for (name, value) in [
                ("X-Team", "blue"),
                ("Content-Type", "application/vnd.example+json"),
                ("Webhook-Signature", "v1,x"),
                ("Authorization", "Basic eDp5"),
            ] {
                keys.headers.insert(name.into(), value.into());
            }
        };
        let hook = channel(headers, Some("sesame"), Some(K1)).unwrap();
        let request = hook.request(&fake::parcel("completed", "x")).unwrap();
        for (name, value) in [
            ("x-team", "blue"),
            ("content-type", "application/vnd.example+json"),
            ("webhook-signature", signed(&request, K1).as_str()),
            ("authorization", "Bearer sesame"),
        ] {
            let same = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
            assert_eq!(request.headers.iter().filter(same).count(), 1, "{name}");
            assert_eq!(fake::header(&request, name), Some(value));
        }
    }

    #[test]
    fn what_is_wrong_with_a_value_is_told_with_its_key() {
        for (token, secret, key) in [
            (Some("ses ame"), None, "token"),
            (None, Some("whsec_sesame"), "secret"),
        ] {
            fake::assert_refused(channel(|_| {}, token, secret), key, "same");
        }
        let settings = fake::settings(ChannelKind::Webhook, |_| {});
        for url in [None, Some("hooks.example.org/sesame")] {
            let refused = webhook(&settings, &fake::secrets(url, None, None));
            fake::assert_refused(refused, "url", "sesame");
        }
    }

    #[test]
    fn each_answer_has_its_meaning() {
        for status in [200, 202, 204, 299] {
            assert_eq!(judge(&reply(status, ""), NOW), Outcome::delivered(None));
        }
        for (status, word) in [
            (302, "dead_target"),
            (400, "dead_message"),
            (401, "dead_target"),
            (404, "retry"),
            (410, "dead_target"),
            (413, "dead_message"),
            (415, "dead_target"),
            (500, "ambiguous"),
        ] {
            assert_eq!(judge(&reply(status, ""), NOW).word(), word, "{status}");
        }
        for status in [429, 502, 503, 504] {
            let seven = with(reply(status, "busy"), "retry-after", "7");
            let seven = format!("{:?}", judge(&seven, NOW));
            assert!(
                seven.contains("after: Some(7)") && seven.contains("busy"),
                "{seven}"
            );
        }
        let date = with(
            reply(429, ""),
            "retry-after",
            "Thu, 01 Jan 2026 00:00:30 GMT",
        );
        assert_eq!(
            judge(&date, NOW),
            Outcome::retry_after("HTTP 429", Some(30))
        );
        let gone = |status| judge(&status, NOW);
        assert!(matches!(
            gone(reply(410, "")),
            Outcome::DeadTarget { gone: true, .. }
        ));
        let asks = |status, what| with(reply(status, ""), "webhook-delivery", what);
        assert!(matches!(
            gone(asks(500, "disable")),
            Outcome::DeadTarget { gone: true, .. }
        ));
        assert_eq!(gone(asks(500, "abort-message")).word(), "dead_message");
        assert_eq!(gone(asks(200, "disable")).word(), "delivered");
    }

    #[test]
    fn what_arrives_is_what_was_signed_and_no_redirection_is_followed() {
        for (answer, word) in [
            ((204, "", ""), "delivered"),
            ((302, "location: /\r\n", ""), "dead_target"),
        ] {
            let fake = Fake::new(&[answer]);
            let settings = fake::settings(ChannelKind::Webhook, |_| {});
            let secrets = fake::secrets(Some(&fake.url), None, Some(K1));
            let hook = webhook(&settings, &secrets).unwrap();
            let parcel = fake::parcel("completed", HOSTILE);
            let (outcome, _) = fake::send(&hook, &parcel);
            assert_eq!(outcome.word(), word);
            let asked = fake.asked();
            let key = sign::standard_webhook_key(K1).unwrap();
            let sign = sign::standard_webhook(&key, &parcel.id, NOW, &asked[0].bytes);
            assert_eq!(asked[0].header("webhook-signature"), Some(&*sign));
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let settings = fake::settings(ChannelKind::Webhook, |keys| {
            for (name, value) in [("X-Api-Key", "opensesame1"), ("X-Team", "blueteam")] {
                keys.headers.insert(name.into(), value.into());
            }
        });
        let both = format!("{K1} {K2}");
        let url = Some("http://127.0.0.1:1/opensesame2");
        let secrets = fake::secrets(url, Some("opensesame3"), Some(&both));
        let hook = webhook(&settings, &secrets).unwrap();
        let probe = format!("opensesame1 opensesame2 opensesame3 {K1} {K2}");
        let parcel = fake::parcel("test", "x");
        let (outcome, exchanges) = fake::send(&hook, &parcel);
        assert_eq!(outcome.word(), "retry");
        let shown = format!("{} {exchanges:?}", fake::masked(&hook, &parcel, &probe));
        assert!(shown.contains("X-Team: blueteam"), "{shown}");
        for secret in ["sesame", K1, K2] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

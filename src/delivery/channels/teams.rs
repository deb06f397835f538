//! Microsoft Teams by the webhook of a workflow (Power Automate).
//!
//! A message is an adaptive card. Its texts know a little Markdown, which is escaped; to mention somebody
//! takes an object of its own beside the texts, and none is sent.

use serde_json::{Value, json};

use super::parts;
use super::teams_verdict::judge;
use crate::board::delivery::Outcome;
use crate::board::notice::Level;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::text::{Dialect, Unit, backslashed};
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};

/// The Markdown of cards.
const fn markdown(unit: Unit) -> Dialect {
    Dialect {
        escape: |c| match c {
            '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '-' | '`' => backslashed(c),
            _ => None,
        },
        unit,
    }
}

/// The facts, in bytes of JSON. Teams takes some 28 KB for the whole request; with the headline and the frame
/// of every line it stays below 24,000 bytes.
const TEXT_MAX: usize = 20_000;
/// The headline, in UTF-16 units (of at most three bytes each).
const HEAD_MAX: usize = 300;

/// More than four requests a second are slowed down, and a workflow posts some 25 messages in five minutes.
/// 4 + 300 s / 15 s are 24.
const PACE: Pace = Pace {
    burst: 4,
    every_ms: 15_000,
};

struct Teams {
    to: Endpoint,
    secrets: Secrets,
}

/// A workflow's webhook, from its settings.
pub fn open(_: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    let to = parts::hook(secrets)?;
    if parts::is_of(&to, &["webhook.office.com", "outlook.office.com"]) {
        return Err(
            "url: this is the webhook of an Office 365 connector, and Microsoft has turned those off; in \
             Teams, add a workflow to the channel that starts when a Teams webhook request is received, and \
             use its URL"
                .into(),
        );
    }
    Ok(Box::new(Teams {
        to,
        secrets: secrets.clone(),
    }))
}

/// A message as a card: the headline in its colour, a block for each line of the facts, and last the mark.
///
/// Lines are blocks of their own because a newline inside of a text is not shown everywhere, and because a
/// block, unlike a `FactSet`, can be told to wrap.
fn content(parcel: &Parcel) -> Value {
    let message = parcel.message();
    let mut blocks = vec![json!({
        "type": "TextBlock",
        "text": message.headline(&markdown(Unit::Utf16), HEAD_MAX),
        "wrap": true,
        "weight": "Bolder",
        "color": colour(message.level),
    })];
    let mut add = |text: &str, spacing: &str| {
        blocks.push(json!({"type": "TextBlock", "text": text, "wrap": true, "spacing": spacing}));
    };
    for (label, text) in message.lines(&markdown(Unit::Json), TEXT_MAX) {
        // Markdown would take deeply indented lines for something else.
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        for (i, line) in lines.enumerate() {
            match i {
                0 => add(&format!("{label}: {line}"), "Small"),
                _ => add(line, "None"),
            }
        }
    }
    // Not at the start of a line, where Markdown may take it for a heading.
    add(&format!("kanban · #{}", message.mark), "Small");
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": blocks,
            },
        }],
    })
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Good => "Good",
        Level::Info => "Default",
        Level::Warning => "Warning",
        Level::Bad => "Attention",
    }
}

impl Teams {
    fn request(&self, parcel: &Parcel) -> Request {
        Request::json(self.to.clone(), content(parcel).to_string().into_bytes())
    }
}

impl Channel for Teams {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        parts::once(self.request(parcel), parcel, wire, judge)
    }

    fn pace(&self) -> Pace {
        PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_harmless, body, dirty_parcel, large_parcels, parcel, secrets,
        send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;
    use crate::delivery::text::tests::HOSTILE;

    const HOOK: &str = "https://x.12.environment.api.powerplatform.com:443/powerautomate/automations/direct\
                        /workflows/0123456789abcdef/triggers/manual/paths/invoke\
                        ?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=0123456789-abc_def";

    fn opened(url: &str) -> Result<Box<dyn Channel>, String> {
        let settings = settings(ChannelKind::Teams, |_| {});
        open(&settings, &secrets(Some(url), None, None))
    }

    fn hook() -> Teams {
        Teams {
            to: Endpoint::parse(HOOK).unwrap(),
            secrets: Secrets::default(),
        }
    }

    fn blocks(parcel: &Parcel) -> Vec<Value> {
        let sent = body(&hook().request(parcel));
        let card = &sent["attachments"][0]["content"];
        card["body"].as_array().unwrap().clone()
    }

    #[test]
    fn the_hostile_title_is_only_read() {
        let escaped = r#"<!channel> <@U1> @everyone <at user\_id="all">x</at> <users/all> \*b\* \_i\_ \[l\]\(http://e.x\) \`c\` & 100%"#;
        assert_eq!(markdown(Unit::Json).escaped(HOSTILE), escaped);
        assert_eq!(
            markdown(Unit::Json).escaped("# a\n- b\\"),
            "\\# a\n\\- b\\\\"
        );
        let mut parcel = parcel("completed", HOSTILE);
        parcel.notice.event.payload = json!({"summary": format!("{HOSTILE}\n\n      second")});
        let blocks = blocks(&parcel);
        assert_eq!(
            blocks[0],
            json!({
                "type": "TextBlock",
                "text": format!(r"✅ \[default\] t\_1a2b3c4d {escaped}: done"),
                "wrap": true,
                "weight": "Bolder",
                "color": "Good",
            })
        );
        assert_eq!(blocks[1]["text"], format!("summary: {escaped}"));
        assert_eq!(blocks[2]["text"], "second");
        assert_eq!(blocks.last().unwrap()["text"], "kanban · #3f9a1c2e");
        for block in &blocks {
            assert_eq!(
                (&block["type"], &block["wrap"]),
                (&json!("TextBlock"), &json!(true))
            );
        }
    }

    #[test]
    fn a_card_stands_in_the_wrapper_that_workflows_take() {
        let sent = body(&hook().request(&parcel("completed", "x")));
        assert_eq!(sent["type"], "message");
        let attachment = &sent["attachments"][0];
        assert_eq!(
            attachment["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        assert!(attachment.get("contentUrl").unwrap().is_null());
        let card = &attachment["content"];
        assert_eq!(
            (&card["type"], &card["version"]),
            (&json!("AdaptiveCard"), &json!("1.2"))
        );
        assert!(card.get("msteams").is_none() && !sent.to_string().contains("entities"));
    }

    #[test]
    fn each_level_has_its_colour() {
        for (kind, colour) in [
            ("completed", "Good"),
            ("blocked", "Warning"),
            ("gave_up", "Attention"),
            ("new", "Default"),
        ] {
            assert_eq!(blocks(&parcel(kind, "x"))[0]["color"], colour, "{kind}");
        }
    }

    #[test]
    fn no_request_is_too_large_or_unclean() {
        for parcel in large_parcels() {
            let sent = hook().request(&parcel);
            assert!(sent.body.len() <= 24_000, "{}", sent.body.len());
            assert!(body(&sent).to_string().contains("look: kanban show"));
            for block in blocks(&parcel) {
                assert_harmless(block["text"].as_str().unwrap());
            }
        }
        assert_clean(&hook().request(&dirty_parcel()).body);
    }

    #[test]
    fn the_query_is_sent_as_it_was_given_and_not_shown() {
        let fake = Fake::new(&[(202, "", "")]);
        let query = "api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=0123456789-abc_def";
        let path = format!("/workflows/0123456789abcdef/triggers/manual/paths/invoke?{query}");
        let channel = opened(&format!("{}{path}", fake.url)).unwrap();
        let (outcome, exchanges) = send(&*channel, &parcel("completed", "x"));
        assert_eq!(outcome, Outcome::delivered(Some("accepted".into())));
        assert_eq!(fake.asked()[0].path, path);
        let shown = format!("{exchanges:?}");
        for secret in ["0123456789abcdef", "0123456789-abc_def"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn connectors_that_were_turned_off_are_refused() {
        assert!(opened(HOOK).is_ok());
        assert!(opened("https://prod-01.x.logic.azure.com:443/workflows/1?sig=x").is_ok());
        assert!(opened("http://127.0.0.1:1/any").is_ok());
        for (bad, word) in [
            (
                "https://contoso.webhook.office.com/webhookb2/secret",
                "workflow",
            ),
            ("https://webhook.office.com/secret", "workflow"),
            ("https://outlook.office.com/webhook/secret", "workflow"),
            ("contoso.webhook.office.com/secret", "URL"),
        ] {
            let said = opened(bad).err().unwrap();
            assert!(
                said.starts_with("url: ") && said.contains(word) && !said.contains("secret"),
                "{said}"
            );
        }
    }

    #[test]
    fn its_pace_stays_inside_of_both_limits() {
        let within = |ms: u64| u64::from(PACE.burst) + ms / PACE.every_ms;
        assert!(within(1_000) <= 4 && within(300_000) <= 25);
    }
}

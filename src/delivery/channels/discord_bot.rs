//! Discord as a bot, which can reach any channel that it may see.

use serde_json::json;

use super::{discord, discord_verdict, parts};
use crate::board::delivery::Outcome;
use crate::config;
use crate::delivery::endpoint::Endpoint;
use crate::delivery::http::Request;
use crate::delivery::wire::Wire;
use crate::delivery::{Channel, Pace, Parcel, Secrets};

const BASE: &str = "https://discord.com/api/v10";
/// Digits of the id by which Discord knows a repetition for some minutes; it takes 25 characters.
const NONCE: usize = 24;

struct DiscordBot {
    base: Endpoint,
    token: String,
    settings: config::Channel,
    secrets: Secrets,
}

/// A bot, from its settings.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    Ok(Box::new(bot(settings, secrets)?))
}

fn bot(settings: &config::Channel, secrets: &Secrets) -> Result<DiscordBot, String> {
    discord::check_id("to", settings.keys.to.as_deref())?;
    discord::check_id("thread", settings.keys.thread.as_deref())?;
    // The developer portal shows it alone, examples of its use with this word.
    let token = secrets.token.as_deref().map(str::trim);
    let token = token.map(|token| token.strip_prefix("Bot ").unwrap_or(token));
    Ok(DiscordBot {
        base: parts::base(secrets, BASE)?,
        token: parts::token("token", token)?,
        settings: settings.clone(),
        secrets: secrets.clone(),
    })
}

impl DiscordBot {
    fn request(&self, parcel: &Parcel, channel: &str) -> Request {
        let mut body = discord::content(parcel);
        body["nonce"] = json!(parcel.short_id(NONCE));
        body["enforce_nonce"] = json!(true);
        let to = self.base.below(&["channels", channel, "messages"]);
        discord::request(to, &body).header("authorization", format!("Bot {}", self.token))
    }

    fn deliver(&self, parcel: &Parcel, wire: &Wire<'_>) -> Result<Outcome, Outcome> {
        let to = parts::to(parcel, &self.settings);
        // A thread is a channel of its own.
        let thread = parts::thread(parcel, &self.settings);
        let channel = thread
            .clone()
            .or_else(|| to.clone())
            .ok_or_else(parts::nowhere)?;
        for id in [Some(&channel), to.as_ref()].into_iter().flatten() {
            if !parts::is_number(id) {
                return Err(Outcome::dead_target(
                    "Discord knows channels and threads by numbers, and where it should go is none",
                ));
            }
        }
        let reply = wire.send(self.request(parcel, &channel))?;
        match to.filter(|_| thread.is_some() && discord_verdict::is_archived(&reply)) {
            None => Ok(discord_verdict::judge(&reply, parcel.at)),
            Some(to) => {
                let reply = wire.send(self.request(parcel, &to))?;
                let outcome = discord_verdict::judge(&reply, parcel.at);
                Ok(parts::noted(outcome, "outside of its thread"))
            }
        }
    }
}

impl Channel for DiscordBot {
    fn send(&self, parcel: &Parcel, wire: &Wire<'_>) -> Outcome {
        parts::hide(&self.secrets, wire);
        wire.hide(&self.token);
        self.deliver(parcel, wire).unwrap_or_else(|outcome| outcome)
    }

    fn pace(&self) -> Pace {
        discord::PACE
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{
        Fake, assert_clean, assert_refused, body, dirty_parcel, parcel, secrets, send, settings,
    };
    use super::*;
    use crate::config::ChannelKind;

    const GOOD: &str = r#"{"id":"1","channel_id":"2"}"#;

    fn opened(url: Option<&str>, to: Option<&str>, token: &str) -> Result<DiscordBot, String> {
        let settings = settings(ChannelKind::Discord, |keys| {
            keys.to = to.map(str::to_owned);
        });
        let secrets = secrets(url, Some(token), None);
        bot(&settings, &secrets)
    }

    #[test]
    fn the_request_goes_to_its_channel_and_is_known_again() {
        let bot = opened(None, Some("42"), "Bot abc.def-secret").unwrap();
        let mut parcel = parcel("completed", "x");
        let first = bot.request(&parcel, "42");
        assert_eq!(
            first.to.as_str(),
            "https://discord.com/api/v10/channels/42/messages"
        );
        let token = ("authorization".to_owned(), "Bot abc.def-secret".to_owned());
        assert!(first.headers.contains(&token));
        let json = body(&first);
        assert_eq!(json["nonce"].as_str().unwrap().len(), 24);
        assert_eq!(json["enforce_nonce"], true);
        assert_eq!(json["allowed_mentions"], json!({"parse": []}));
        parcel.at += 100;
        parcel.attempt = 2;
        assert_eq!(bot.request(&parcel, "42").body, first.body);
        assert_clean(&bot.request(&dirty_parcel(), "42").body);
    }

    #[test]
    fn a_thread_that_was_put_away_costs_only_the_thread() {
        let fake = Fake::new(&[
            (403, "", r#"{"message":"Thread is archived","code":50083}"#),
            (200, "", GOOD),
        ]);
        let bot = opened(Some(&fake.url), Some("42"), "abc.def-secret").unwrap();
        let mut parcel = parcel("completed", "x");
        parcel.thread = Some("77".into());
        let (outcome, exchanges) = send(&bot, &parcel);
        assert_eq!(
            outcome,
            Outcome::delivered(Some("1 (outside of its thread)".into()))
        );
        let asked = fake.asked();
        assert_eq!(asked[0].path, "/channels/77/messages");
        assert_eq!(asked[1].path, "/channels/42/messages");
        assert!(!format!("{exchanges:?}").contains("abc.def-secret"));
    }

    #[test]
    fn where_it_cannot_go_is_told_before_anything_is_sent() {
        let bot = opened(None, None, "abc").unwrap();
        assert_eq!(send(&bot, &parcel("completed", "x")).0, parts::nowhere());
        let mut parcel = parcel("completed", "x");
        parcel.to = Some("#general".into());
        let (outcome, exchanges) = send(&bot, &parcel);
        assert_eq!((outcome.word(), exchanges.len()), ("dead_target", 0));
        let said = opened(None, Some("#general"), "abc").err().unwrap();
        assert!(said.starts_with("to: "), "{said}");
        assert_refused(opened(None, Some("42"), "a secret"), "token", "secret");
    }
}

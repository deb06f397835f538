//! One file per channel, and which file speaks which kind.

mod command;
mod dingtalk;
mod dingtalk_verdict;
mod discord;
mod discord_bot;
mod discord_verdict;
mod envelope;
#[cfg(test)]
mod fake;
mod feishu;
mod feishu_api;
mod feishu_app;
mod google_chat;
mod gotify;
mod matrix;
mod matrix_verdict;
mod mattermost;
mod ntfy;
mod pagerduty;
mod parts;
mod pushover;
mod signer;
mod slack;
mod slack_bot;
mod teams;
mod teams_verdict;
mod telegram;
mod telegram_verdict;
mod urgency;
mod webhook;
mod wecom;

use super::{Channel, Secrets};
use crate::config::{self, ChannelKind};

/// A channel that can send, from its settings and its secrets. An error says what is wrong with a value,
/// with its key, and never repeats a secret. Nothing is sent.
pub fn open(settings: &config::Channel, secrets: &Secrets) -> Result<Box<dyn Channel>, String> {
    use ChannelKind as Kind;
    // Some kinds speak in two ways; what shows who we are tells them apart.
    let app = settings.keys.app_id.is_some();
    let bot = settings.token.is_some();
    match settings.kind {
        Kind::Feishu if app => feishu_app::open(settings, secrets),
        Kind::Feishu => feishu::open(settings, secrets),
        Kind::Slack if bot => slack_bot::open(settings, secrets),
        Kind::Slack => slack::open(settings, secrets),
        Kind::Discord if bot => discord_bot::open(settings, secrets),
        Kind::Discord => discord::open(settings, secrets),
        Kind::Telegram => telegram::open(settings, secrets),
        Kind::Dingtalk => dingtalk::open(settings, secrets),
        Kind::Wecom => wecom::open(settings, secrets),
        Kind::Teams => teams::open(settings, secrets),
        Kind::GoogleChat => google_chat::open(settings, secrets),
        Kind::Mattermost => mattermost::open(settings, secrets),
        Kind::Matrix => matrix::open(settings, secrets),
        Kind::Ntfy => ntfy::open(settings, secrets),
        Kind::Gotify => gotify::open(settings, secrets),
        Kind::Pushover => pushover::open(settings, secrets),
        Kind::Pagerduty => pagerduty::open(settings, secrets),
        Kind::Webhook => webhook::open(settings, secrets),
        Kind::Command => command::open(settings, secrets),
    }
}

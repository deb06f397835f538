//! The keys of `[delivery]` and `[channels.NAME]`. An unknown key is an error.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::secret::Hidden;
use super::types::{Hours, Span};

/// `[delivery]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// The time that a tick may spend on sending, over all targets.
    pub budget: Span,
    /// The time that one request may take.
    pub timeout: Span,
    /// Certificates to trust instead of the system's: a file in PEM form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Whether messages may be sent to addresses inside of private networks.
    pub private_addresses: PrivateAddresses,
    /// What was told is kept on the board for this time.
    pub keep: Span,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            budget: Span(15),
            timeout: Span(10),
            ca_file: None,
            private_addresses: PrivateAddresses::Allow,
            keep: Span(30 * 86_400),
        }
    }
}

/// The policy about addresses inside of private networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrivateAddresses {
    /// They are as good as any: whoever writes the configuration chooses the address.
    #[default]
    Allow,
    /// Nothing is sent to them, whatever name leads there.
    Deny,
}

/// What a channel speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Feishu and Lark: the webhook of a group, or an app.
    Feishu,
    /// Slack: an incoming webhook, or a bot.
    Slack,
    /// Discord: a webhook, or a bot.
    Discord,
    /// A Telegram bot.
    Telegram,
    /// The robot of a DingTalk group.
    Dingtalk,
    /// The robot of a WeCom group.
    Wecom,
    /// A Teams channel, by a workflow.
    Teams,
    /// A space of Google Chat, by its webhook.
    GoogleChat,
    /// A Mattermost channel, by its webhook.
    Mattermost,
    /// A room of Matrix.
    Matrix,
    /// A topic of ntfy.
    Ntfy,
    /// Gotify.
    Gotify,
    /// Pushover.
    Pushover,
    /// Alerts of PagerDuty.
    Pagerduty,
    /// Any program that takes JSON over HTTP.
    Webhook,
    /// Any program on this machine.
    Command,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Feishu,
        Self::Slack,
        Self::Discord,
        Self::Telegram,
        Self::Dingtalk,
        Self::Wecom,
        Self::Teams,
        Self::GoogleChat,
        Self::Mattermost,
        Self::Matrix,
        Self::Ntfy,
        Self::Gotify,
        Self::Pushover,
        Self::Pagerduty,
        Self::Webhook,
        Self::Command,
    ];

    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feishu => "feishu",
            Self::Slack => "slack",
            Self::Discord => "discord",
            Self::Telegram => "telegram",
            Self::Dingtalk => "dingtalk",
            Self::Wecom => "wecom",
            Self::Teams => "teams",
            Self::GoogleChat => "google_chat",
            Self::Mattermost => "mattermost",
            Self::Matrix => "matrix",
            Self::Ntfy => "ntfy",
            Self::Gotify => "gotify",
            Self::Pushover => "pushover",
            Self::Pagerduty => "pagerduty",
            Self::Webhook => "webhook",
            Self::Command => "command",
        }
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of a `webhook`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `type`, `timestamp` and `data`, as Standard Webhooks has it.
    #[default]
    Standard,
    /// CloudEvents 1.0 in structured mode.
    CloudEvents,
}

/// `[channels.NAME]`. Which keys a kind needs and takes is checked apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelKeys {
    /// What it speaks.
    pub kind: Option<ChannelKind>,
    /// What it is for, shown where channels are listed.
    pub description: Option<String>,
    /// The address to send to; with a token or an app, the base of the service's API.
    pub url: Option<Hidden>,
    /// The variable that holds it.
    pub url_env: Option<String>,
    /// The file that holds it.
    pub url_file: Option<String>,
    /// The program that prints it.
    pub url_command: Option<Vec<String>>,
    /// What shows who we are.
    pub token: Option<Hidden>,
    /// The variable that holds it.
    pub token_env: Option<String>,
    /// The file that holds it.
    pub token_file: Option<String>,
    /// The program that prints it.
    pub token_command: Option<Vec<String>>,
    /// What signs, or goes with a name.
    pub secret: Option<Hidden>,
    /// The variable that holds it.
    pub secret_env: Option<String>,
    /// The file that holds it.
    pub secret_file: Option<String>,
    /// The program that prints it.
    pub secret_command: Option<Vec<String>>,
    /// Whom: a chat, channel, room, topic or user.
    pub to: Option<String>,
    /// The thread or topic there.
    pub thread: Option<String>,
    /// The user whose password `secret` is.
    pub user: Option<String>,
    /// The app whose secret `secret` is.
    pub app_id: Option<String>,
    /// A word that the receiver wants to see in every message.
    pub keyword: Option<String>,
    /// The body of a webhook.
    pub format: Option<Format>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// Program and arguments; it reads the message as JSON.
    pub command: Vec<String>,
    /// Variables set for the program.
    pub env: BTreeMap<String, String>,
    /// Kinds of events; none: the usual ones.
    pub events: Vec<String>,
    /// Boards; none: every one.
    pub boards: Vec<String>,
    /// Assignees; none: everybody.
    pub assignees: Vec<String>,
    /// Tenants; none: every one.
    pub tenants: Vec<String>,
    /// Cards of this priority or more.
    pub min_priority: Option<i64>,
    /// Only what somebody subscribed to.
    pub subscribed_only: bool,
    /// Hours in which nothing is sent; it is sent afterwards.
    pub quiet: Option<Hours>,
    /// Repeated messages about one card within this time are told in one.
    pub digest: Option<Span>,
    /// Overrides that of `[delivery]`.
    pub timeout: Option<Span>,
    /// The platform of Hermes whose subscriptions are served.
    pub platform: Option<String>,
    /// Only subscriptions of this profile of Hermes.
    pub profile: Option<String>,
}

//! A channel as it comes out of the configuration.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::board::notice::Filter;
use crate::board::window::Window;
use crate::time::Seconds;

use super::channel_keys::{ChannelKeys, ChannelKind, Delivery};
use super::effective::Config;
use super::paths::Environment;
use super::secret::{Hidden, Secret};
use super::types::File;
use super::validate::board_path;
use super::validate_channels::needs_address;

/// A channel with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Its name in the file.
    pub name: String,
    /// What it speaks.
    pub kind: ChannelKind,
    /// Its keys, for what only its kind knows.
    pub keys: ChannelKeys,
    /// The address to send to, or the base of an API.
    pub url: Option<Secret>,
    /// What shows who we are.
    pub token: Option<Secret>,
    /// What signs.
    pub secret: Option<Secret>,
    /// Who wants to hear what.
    pub filter: Filter,
    /// Hours in which nothing is sent.
    pub quiet: Option<Window>,
    /// Seconds in which messages about one card are told in one; 0 tells each.
    pub digest: Seconds,
    /// Seconds that one request may take.
    pub timeout: Seconds,
    /// Variables that the programs it runs get, beside those of a message.
    pub env: BTreeMap<OsString, OsString>,
}

impl Channel {
    /// The channel that the keys of a checked file give. `None`: it has no kind.
    fn new(
        name: &str,
        keys: &ChannelKeys,
        delivery: &Delivery,
        pass_env: &[String],
        env: Environment,
    ) -> Option<Self> {
        let mut variables: BTreeMap<OsString, OsString> = BTreeMap::new();
        let prints_secrets = places(keys).iter().any(|place| place.command.is_some());
        if prints_secrets || keys.kind == Some(ChannelKind::Command) {
            let passed = pass_env.iter().filter_map(|n| Some((n.into(), env(n)?)));
            variables.extend(passed);
            variables.extend(keys.env.iter().map(|(n, v)| (n.into(), v.into())));
        }
        let [url, token, secret] = places(keys).map(|place| place.secret(env));
        Some(Self {
            name: name.to_owned(),
            kind: keys.kind?,
            url,
            token,
            secret,
            filter: Filter {
                events: keys.events.clone(),
                boards: keys.boards.clone(),
                assignees: keys.assignees.clone(),
                tenants: keys.tenants.clone(),
                min_priority: keys.min_priority,
            },
            quiet: keys.quiet.as_ref().map(|hours| hours.0.clone()),
            digest: keys.digest.map_or(0, |span| span.0),
            timeout: keys.timeout.unwrap_or(delivery.timeout).0,
            env: variables,
            keys: keys.clone(),
        })
    }

    /// Whether nobody has said whom it tells, so that each subscription has to.
    pub fn lacks_address(&self) -> bool {
        needs_address(self.kind, &self.keys) && self.keys.to.is_none()
    }

    /// Whether everything on a board that passes its filter is told, without a subscription.
    pub fn is_board_wide(&self) -> bool {
        !self.keys.subscribed_only
    }
}

/// The channels of a checked file.
pub(super) fn all(file: &File, env: Environment) -> BTreeMap<String, Channel> {
    let channels = file.channels.iter().filter_map(|(name, keys)| {
        let pass_env = &file.defaults.pass_env;
        let channel = Channel::new(name, keys, &file.delivery, pass_env, env)?;
        Some((name.clone(), channel))
    });
    channels.collect()
}

impl Config {
    /// Every channel, by name.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// A channel by name.
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.get(name)
    }

    /// How messages are sent.
    pub fn delivery(&self) -> &Delivery {
        &self.file.delivery
    }

    /// The file of certificates to trust instead of the system's.
    pub fn ca_file(&self) -> Option<&PathBuf> {
        self.ca_file.as_ref()
    }
}

/// The ways to say where one secret is.
pub struct Place<'a> {
    /// The key that the others are named after.
    pub key: &'static str,
    pub literal: Option<&'a Hidden>,
    pub env: Option<&'a String>,
    pub file: Option<&'a String>,
    pub command: Option<&'a Vec<String>>,
}

impl Place<'_> {
    /// In how many ways it is said.
    pub fn ways(&self) -> usize {
        usize::from(self.literal.is_some())
            + usize::from(self.env.is_some())
            + usize::from(self.file.is_some())
            + usize::from(self.command.is_some())
    }

    fn secret(&self, env: Environment) -> Option<Secret> {
        let file = || {
            let path = board_path(self.file?, env).ok()?;
            Some(Secret::File(path))
        };
        self.literal
            .map(|hidden| Secret::Literal(hidden.clone()))
            .or_else(|| self.env.map(|name| Secret::Env(name.clone())))
            .or_else(file)
            .or_else(|| self.command.map(|command| Secret::Command(command.clone())))
    }
}

/// Where the three secrets of a channel may be.
pub fn places(keys: &ChannelKeys) -> [Place<'_>; 3] {
    [
        Place {
            key: "url",
            literal: keys.url.as_ref(),
            env: keys.url_env.as_ref(),
            file: keys.url_file.as_ref(),
            command: keys.url_command.as_ref(),
        },
        Place {
            key: "token",
            literal: keys.token.as_ref(),
            env: keys.token_env.as_ref(),
            file: keys.token_file.as_ref(),
            command: keys.token_command.as_ref(),
        },
        Place {
            key: "secret",
            literal: keys.secret.as_ref(),
            env: keys.secret_env.as_ref(),
            file: keys.secret_file.as_ref(),
            command: keys.secret_command.as_ref(),
        },
    ]
}

/// Whether a secret of a channel stands in the file itself. Beside a token or an app, and for ntfy, the address
/// is the base of an API, which is none.
pub fn holds_secrets(keys: &ChannelKeys) -> bool {
    let [url, token, secret] = places(keys);
    let base = token.ways() > 0 || keys.app_id.is_some() || keys.kind == Some(ChannelKind::Ntfy);
    token.literal.is_some() || secret.literal.is_some() || (url.literal.is_some() && !base)
}

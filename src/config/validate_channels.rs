//! What must hold for the keys of `[delivery]` and of a channel.
//!
//! Which keys a kind takes is one table; what their values must look like is checked by the channel itself,
//! when its secrets are known.

use crate::board::id::Slug;
use crate::board::notice;

use super::channel::{Place, places};
use super::channel_keys::{ChannelKeys, ChannelKind, Delivery};
use super::findings::{Findings, shown, variable};
use super::nearest::nearest;
use super::paths::Environment;
use super::types::File;
use super::validate::board_path;
use super::validate_workers::is_worker_name;

/// What a kind takes beside the keys that all channels have.
struct Shape {
    /// All of these are needed.
    needs: &'static [&'static str],
    /// These may be there.
    takes: &'static [&'static str],
}

const fn shape(needs: &'static [&'static str], takes: &'static [&'static str]) -> Shape {
    Shape { needs, takes }
}

fn shape_of(kind: ChannelKind, keys: &ChannelKeys) -> Shape {
    use ChannelKind as K;
    let [_, token, _] = places(keys);
    let by_token = token.ways() > 0;
    match kind {
        K::Feishu if keys.app_id.is_some() => shape(&["app_id", "secret", "to"], &["url"]),
        K::Feishu => shape(&["url"], &["secret", "keyword"]),
        K::Slack if by_token => shape(&["token", "to"], &["url", "thread"]),
        K::Slack => shape(&["url"], &["thread"]),
        K::Discord if by_token => shape(&["token", "to"], &["url"]),
        K::Discord => shape(&["url"], &["thread"]),
        K::Telegram => shape(&["token", "to"], &["url", "thread"]),
        K::Dingtalk => shape(&["url"], &["secret", "keyword"]),
        K::Wecom | K::Teams | K::GoogleChat | K::Mattermost => shape(&["url"], &[]),
        K::Matrix => shape(&["url", "token", "to"], &["thread"]),
        K::Ntfy => shape(&["to"], &["url", "token", "user", "secret"]),
        K::Gotify => shape(&["url", "token"], &[]),
        K::Pushover => shape(&["token", "to"], &["url"]),
        K::Pagerduty => shape(&["token"], &["url"]),
        K::Webhook => shape(&["url"], &["token", "secret", "format", "headers"]),
        K::Command => shape(&["command"], &["env"]),
    }
}

/// Whether somebody has to say whom a channel tells.
pub fn needs_address(kind: ChannelKind, keys: &ChannelKeys) -> bool {
    shape_of(kind, keys).needs.contains(&"to")
}

/// The keys of a channel that not every kind takes, and whether each is there.
fn present(keys: &ChannelKeys) -> [(&'static str, bool); 12] {
    let [url, token, secret] = places(keys).map(|place| place.ways() > 0);
    [
        ("url", url),
        ("token", token),
        ("secret", secret),
        ("to", keys.to.is_some()),
        ("thread", keys.thread.is_some()),
        ("user", keys.user.is_some()),
        ("app_id", keys.app_id.is_some()),
        ("keyword", keys.keyword.is_some()),
        ("format", keys.format.is_some()),
        ("headers", !keys.headers.is_empty()),
        ("command", !keys.command.is_empty()),
        ("env", !keys.env.is_empty()),
    ]
}

/// What is wrong with `[delivery]` and every channel.
pub fn channels(file: &File, env: Environment, found: &mut Findings) {
    delivery(&file.delivery, env, found);
    for (name, keys) in &file.channels {
        channel(name, keys, env, found);
    }
    secrets_of_workers(file, found);
}

fn delivery(keys: &Delivery, env: Environment, found: &mut Findings) {
    for (key, span) in [("budget", keys.budget), ("timeout", keys.timeout)] {
        if span.0 == 0 {
            found.add(
                format!("delivery.{key}"),
                "nothing could be sent; 1s or more",
            );
        }
    }
    if let Some(Err(why)) = keys.ca_file.as_deref().map(|path| board_path(path, env)) {
        found.add("delivery.ca_file", why);
    }
}

fn channel(name: &str, keys: &ChannelKeys, env: Environment, found: &mut Findings) {
    if !is_worker_name(name) {
        let why =
            "is no name for a channel: 1 to 64 of A-Z a-z 0-9 _ . -, the first a letter or digit";
        found.add("channels", format!("{name:?} {why}"));
    }
    let at = |key: &str| format!("channels.{}.{key}", shown(name));
    for place in places(keys) {
        secret(&place, &at, env, found);
    }
    let Some(kind) = keys.kind else {
        let all: Vec<&str> = ChannelKind::ALL.map(ChannelKind::as_str).to_vec();
        found.add(at("kind"), format!("missing; one of {}", all.join(", ")));
        return;
    };
    let shape = shape_of(kind, keys);
    for (key, is_there) in present(keys) {
        let (needed, taken) = (shape.needs.contains(&key), shape.takes.contains(&key));
        if is_there && !needed && !taken {
            found.add(
                at(key),
                format!("not a key of kind {kind:?}", kind = kind.as_str()),
            );
        }
        // Where a channel serves subscriptions alone, they say whom.
        if !is_there && needed && !(key == "to" && keys.subscribed_only) {
            let or = match key {
                "url" | "token" | "secret" => format!(" (or {key}_file, {key}_env, {key}_command)"),
                _ => String::new(),
            };
            found.add(
                at(key),
                format!("missing: kind {:?} needs it{or}", kind.as_str()),
            );
        }
    }
    filters(keys, &at, found);
    for (name, value) in &keys.env {
        variable(&at("env"), name, found);
        if value.contains('\0') {
            found.add(at("env"), format!("the value of {name:?} has a NUL byte"));
        }
    }
    for (name, value) in &keys.headers {
        header(&at("headers"), name, value, found);
    }
    if keys.timeout.is_some_and(|span| span.0 == 0) {
        found.add(at("timeout"), "nothing could be sent; 1s or more");
    }
}

fn filters(keys: &ChannelKeys, at: &dyn Fn(&str) -> String, found: &mut Findings) {
    let names = || notice::KINDS.iter().map(|kind| kind.name);
    for event in keys.events.iter().filter(|e| *e != "*") {
        if notice::known(event).is_none() {
            let meant = nearest(event, names()).map_or_else(
                || "see kanban-notifications(7)".into(),
                |m| format!("did you mean {m:?}?"),
            );
            found.add(
                at("events"),
                format!("{event:?} is no kind of event; {meant}"),
            );
        }
    }
    for board in &keys.boards {
        if let Err(why) = board.parse::<Slug>() {
            found.add(at("boards"), why);
        }
    }
    if keys.profile.is_some() && keys.platform.is_none() {
        found.add(
            at("profile"),
            "only a channel with a platform serves subscriptions of Hermes",
        );
    }
}

fn secret(place: &Place<'_>, at: &dyn Fn(&str) -> String, env: Environment, found: &mut Findings) {
    let key = place.key;
    if place.ways() > 1 {
        found.add(
            at(key),
            format!("said more than once; keep one of {key}, {key}_env, {key}_file, {key}_command"),
        );
    }
    if let Some(name) = place.env {
        variable(&at(&format!("{key}_env")), name, found);
    }
    if let Some(Err(why)) = place.file.map(|path| board_path(path, env)) {
        found.add(at(&format!("{key}_file")), why);
    }
    if place
        .command
        .is_some_and(|c| c.first().is_none_or(String::is_empty))
    {
        found.add(at(&format!("{key}_command")), "the program name is empty");
    }
}

/// Headers that say how a message is framed or where it goes are the client's own.
const RESERVED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

fn header(at: &str, name: &str, value: &str, found: &mut Findings) {
    let lower = name.to_ascii_lowercase();
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        found.add(at, format!("{name:?} is no name of a header"));
    } else if RESERVED.contains(&lower.as_str()) || lower.starts_with("webhook-") {
        found.add(at, format!("{name} is set by kanban itself"));
    }
    if value.bytes().any(|b| b < b' ' && b != b'\t' || b == 0x7f) {
        found.add(at, format!("the value of {name} has a control character"));
    }
}

/// What a channel keeps secret is not handed to workers by another key.
fn secrets_of_workers(file: &File, found: &mut Findings) {
    let hidden = secret_variables(file);
    let lists = file
        .workers
        .iter()
        .map(|(name, keys)| (format!("workers.{}.pass_env", shown(name)), &keys.pass_env))
        .chain([("defaults.pass_env".to_owned(), &file.defaults.pass_env)]);
    for (at, list) in lists {
        for name in list.iter().filter(|name| hidden.contains(name)) {
            found.add(
                &at,
                format!("{name} is a secret of a channel, which workers do not get"),
            );
        }
    }
}

/// The variables that hold secrets of channels.
pub fn secret_variables(file: &File) -> Vec<&String> {
    file.channels
        .values()
        .flat_map(|keys| places(keys).map(|place| place.env))
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        let mut found = Findings::default();
        let env = |name: &str| (name == "HOME").then(|| "/h".into());
        channels(&toml::from_str(text).unwrap(), &env, &mut found);
        found.0.join("; ")
    }

    #[test]
    fn each_kind_is_sound_with_the_keys_that_it_needs() {
        for good in [
            "kind = 'feishu'\nurl = 'x'\nsecret_env = 'S'\nkeyword = 'k'",
            "kind = 'feishu'\napp_id = 'cli_1'\nsecret_file = '~/s'\nto = 'oc_1'",
            "kind = 'slack'\nurl_command = ['pass', 'slack']",
            "kind = 'slack'\ntoken_env = 'T'\nto = 'C1'",
            "kind = 'discord'\nurl = 'x'\nthread = '1'",
            "kind = 'discord'\ntoken = 'x'\nto = '1'",
            "kind = 'telegram'\ntoken = 'x'\nto = '1'",
            "kind = 'telegram'\ntoken = 'x'\nsubscribed_only = true\nplatform = 'telegram'\nprofile = 'p'",
            "kind = 'dingtalk'\nurl = 'x'\nsecret = 's'",
            "kind = 'wecom'\nurl = 'x'",
            "kind = 'teams'\nurl = 'x'",
            "kind = 'google_chat'\nurl = 'x'",
            "kind = 'mattermost'\nurl = 'x'",
            "kind = 'matrix'\nurl = 'x'\ntoken = 'x'\nto = '!a:b'",
            "kind = 'ntfy'\nto = 'topic'",
            "kind = 'gotify'\nurl = 'x'\ntoken = 'x'",
            "kind = 'pushover'\ntoken = 'x'\nto = 'u'",
            "kind = 'pagerduty'\ntoken = 'x'",
            "kind = 'webhook'\nurl = 'x'\nformat = 'cloudevents'\nheaders = { X-A = 'b' }",
            "kind = 'command'\ncommand = ['x']\nevents = ['*', 'gave_up']\nboards = ['a']\nenv = { A = 'b' }",
        ] {
            assert_eq!(problems(&format!("[channels.x]\n{good}")), "", "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (bad, said) in [
            ("[channels.x]", "channels.x.kind: missing; one of feishu, "),
            (
                "[channels.'a b']\nkind = 'wecom'\nurl = 'x'",
                "channels: \"a b\" is no name",
            ),
            (
                "[channels.x]\nkind = 'wecom'",
                "channels.x.url: missing: kind \"wecom\" needs it (or url_file,",
            ),
            (
                "[channels.x]\nkind = 'telegram'\ntoken = 'x'",
                "channels.x.to: missing",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl = 'x'\ntoken = 'y'",
                "channels.x.token: not a key of kind \"wecom\"",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl = 'x'\nurl_env = 'Y'",
                "channels.x.url: said more than once",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl_file = 'y'",
                "channels.x.url_file: \"y\" is not absolute",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl_env = '1'",
                "channels.x.url_env: \"1\" is no name",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl_command = []",
                "channels.x.url_command: the program name is empty",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl = 'x'\nevents = ['complete']",
                "channels.x.events: \"complete\" is no kind of event; did you mean \"completed\"?",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl = 'x'\nboards = ['A']",
                "channels.x.boards: \"A\" is not a board name",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl = 'x'\nprofile = 'p'",
                "channels.x.profile: only a channel with a platform",
            ),
            (
                "[channels.x]\nkind = 'webhook'\nurl = 'x'\nheaders = { Host = 'b' }",
                "channels.x.headers: Host is set by kanban itself",
            ),
            (
                "[channels.x]\nkind = 'webhook'\nurl = 'x'\nheaders = { X = \"a\\r\\nY: b\" }",
                "channels.x.headers: the value of X has a control",
            ),
            (
                "[delivery]\nbudget = '0s'",
                "delivery.budget: nothing could be sent",
            ),
            (
                "[delivery]\nca_file = 'x'",
                "delivery.ca_file: \"x\" is not absolute",
            ),
            (
                "[channels.x]\nkind = 'wecom'\nurl_env = 'HOOK'\n[workers.w]\ncommand = ['x']\npass_env = ['HOOK']",
                "workers.w.pass_env: HOOK is a secret of a channel",
            ),
        ] {
            let problems = problems(bad);
            assert!(problems.contains(said), "{bad}: {problems}");
        }
    }
}

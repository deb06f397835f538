//! `kanban config`: what the configuration is, where it is, and what is wrong with it.
//!
//! Nothing is ever written to the file: it belongs to its author, comments included.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::Global;
use crate::config::{self, Config, Source};
use crate::delivery::sender;
use crate::exit::Failure;
use crate::render;
use crate::tick::means;

/// Check, show or find the configuration
///
/// The configuration is one TOML file. It is looked for in this order: --config, KANBAN_CONFIG,
/// config.toml in the home (KANBAN_HOME, or kanban in the user's data folder), and kanban/config.toml in
/// the user's configuration folder (XDG_CONFIG_HOME, or ~/.config). Without any of them the defaults
/// hold. A file that --config or KANBAN_CONFIG names must exist.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Say what is wrong with the configuration
    ///
    /// Errors (an unknown key, a value that cannot be, a command that would let the text of a card reach
    /// a shell, a file that others can write to, an address that no channel could send to) end in exit
    /// status 2, with all that was found. What is only doubtful, such as a program that is not on the
    /// worker's PATH or a secret that cannot be read here, is told on standard error and leaves the exit
    /// status at 0. Nothing is sent.
    #[command(after_long_help = r#"Examples:
  $ kanban config check"#)]
    Check,
    /// Print the configuration with every default filled in
    ///
    /// The output is a configuration file itself, in which nothing is left to a default: each board
    /// with its folder, each worker with its limits. Variables set for workers are shown with their
    /// values. With --json it is an object that also says where the file is and where the home is.
    #[command(after_long_help = r#"Examples:
  $ kanban config show
  $ kanban config show --json"#)]
    Show,
    /// Print the path of the configuration file
    ///
    /// It is the file that is read, or, if there is none, where it would be: in the home if KANBAN_HOME
    /// is set, else in the user's configuration folder. The file is not read, so this works when it is
    /// broken.
    #[command(after_long_help = r#"Examples:
  $ cat "$(kanban config path)""#)]
    Path,
}

/// Runs `kanban config`.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let config_path = global.config.as_deref();
    match (&args.what, global.json) {
        (What::Check, true) => {
            let config = config::load(config_path)?;
            let warnings = checked(&config)?;
            print_json(&verdict_json(&config, &warnings))
        }
        (What::Check, false) => {
            let config = config::load(config_path)?;
            warn(&checked(&config)?)?;
            print(verdict(&config).as_bytes())
        }
        (What::Show, true) => print_json(&config::load(config_path)?.describe()),
        (What::Show, false) => print(shown(&config::load(config_path)?)?.as_bytes()),
        (What::Path, true) => {
            let Source { path, found, .. } = config::locate(config_path)?;
            print_json(&json!({ "path": path.to_string_lossy(), "found": found }))
        }
        // Byte by byte as it is, because a script will open it.
        (What::Path, false) => print(config::locate(config_path)?.path.as_os_str().as_bytes()),
    }
}

/// Looks at every channel as far as that goes without sending anything or running a program. What is wrong is
/// an error, what may only be missing here is among the warnings.
fn checked(config: &Config) -> Result<Vec<String>> {
    let (mut wrong, mut doubtful) = (Vec::new(), config.warnings());
    if let Err(why) = means::client(config) {
        wrong.push(why);
    }
    for channel in config.channels() {
        match sender::check(channel) {
            Ok(doubts) => {
                doubtful.extend(
                    doubts
                        .iter()
                        .map(|d| format!("channels.{}.{d}", channel.name)),
                );
            }
            Err(why) => wrong.push(format!("channels.{}.{why}", channel.name)),
        }
    }
    if wrong.is_empty() {
        return Ok(doubtful);
    }
    let path = config.path.as_deref().unwrap_or(&config.home.dir);
    Err(Failure::usage(format!("{}: {}", path.display(), wrong.join("; "))).into())
}

fn warn(warnings: &[String]) -> Result<()> {
    let mut stderr = std::io::stderr().lock();
    for warning in warnings {
        // Names and paths can be part of it; they must not act on the terminal.
        let line: String = warning
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        writeln!(stderr, "kanban: warning: {line}")?;
    }
    Ok(())
}

fn verdict_json(config: &Config, warnings: &[String]) -> Value {
    json!({
        "path": config.path.as_deref().map(Path::to_string_lossy),
        "found": config.found,
        "workers": config.workers().count(),
        "channels": config.channels().count(),
        "warnings": warnings,
    })
}

/// `PATH: fine, 2 workers`, and the channels if there are any
fn verdict(config: &Config) -> String {
    let mut workers = match config.workers().count() {
        1 => "1 worker".to_owned(),
        n => format!("{n} workers"),
    };
    workers += &match config.channels().count() {
        0 => String::new(),
        1 => ", 1 channel".to_owned(),
        n => format!(", {n} channels"),
    };
    let path = config.path.as_deref().unwrap_or(&config.home.dir).display();
    match config.found {
        true => format!("{path}: fine, {workers}"),
        false => format!("{path}: not there, so the defaults hold; {workers}"),
    }
}

/// The configuration as a file, with a line that says where it comes from.
fn shown(config: &Config) -> Result<String> {
    let origin = if config.found {
        "from"
    } else {
        "the defaults, as there is no"
    };
    let path = config.path.as_deref().unwrap_or(&config.home.dir);
    let text = toml::to_string(&config.spelled_out())?;
    // The path as a debug string, because a line break in it would end the comment.
    Ok(format!("# {origin} {path:?}\n\n{}", text.trim_end()))
}

fn print_json(value: &Value) -> Result<()> {
    render::print(&render::json(value)?)
}

fn print(text: &[u8]) -> Result<()> {
    render::print_bytes(&[text, b"\n"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn loaded(text: Option<&str>) -> (tempfile::TempDir, Config) {
        let root = tempfile::tempdir().unwrap();
        if let Some(text) = text {
            std::fs::write(root.path().join("config.toml"), text).unwrap();
        }
        let config = config::load_from(None, &|name| {
            (name == "KANBAN_HOME").then(|| root.path().into())
        });
        (root, config.unwrap())
    }

    #[test]
    fn the_command_line_is_sound() {
        Line::command().debug_assert();
        assert!(matches!(
            Line::parse_from(["config", "check"]).args.what,
            What::Check
        ));
        assert!(matches!(
            Line::parse_from(["config", "show"]).args.what,
            What::Show
        ));
        assert!(matches!(
            Line::parse_from(["config", "path"]).args.what,
            What::Path
        ));
        assert!(Line::try_parse_from(["config"]).is_err());
    }

    #[test]
    fn the_verdict_names_the_file_and_counts_the_workers() {
        for (text, verdict_end) in [
            (
                Some("[workers.me]\npull = true"),
                "config.toml: fine, 1 worker",
            ),
            (Some(""), "config.toml: fine, 0 workers"),
            (
                None,
                "config.toml: not there, so the defaults hold; 0 workers",
            ),
        ] {
            let (_root, config) = loaded(text);
            assert!(
                verdict(&config).ends_with(verdict_end),
                "{}",
                verdict(&config)
            );
        }
    }

    #[test]
    fn what_is_shown_is_a_configuration_file() {
        let (root, config) = loaded(Some(
            "[workers.x]\ncommand = ['no-such-program', '{title}']",
        ));
        let text = shown(&config).unwrap();
        assert!(
            text.starts_with("# from \"/") && text.contains("max_runtime = \"4h\""),
            "{text}"
        );
        std::fs::write(root.path().join("config.toml"), &text).unwrap();
        let again = config::load_from(None, &|name| {
            (name == "KANBAN_HOME").then(|| root.path().into())
        });
        assert_eq!(shown(&again.unwrap()).unwrap(), text);
        let (_root, none) = loaded(None);
        assert!(
            shown(&none)
                .unwrap()
                .starts_with("# the defaults, as there is no \"/")
        );
    }

    #[test]
    fn a_doubtful_program_is_a_warning() {
        let (_root, config) = loaded(Some("[workers.x]\ncommand = ['no-such-program']"));
        let verdict = verdict_json(&config, &config.warnings());
        assert_eq!(
            (&verdict["workers"], &verdict["found"]),
            (&json!(1), &json!(true))
        );
        assert!(
            verdict["warnings"].to_string().contains("no-such-program"),
            "{verdict}"
        );
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let args = Line::parse_from(["config", "path"]).args;
        let global = Global {
            board: None,
            config: Some("/no/such/file".into()),
            json: false,
        };
        let error = run(&args, &global).unwrap_err();
        assert_eq!(crate::exit::kind(&error), crate::exit::Kind::Usage);
    }
}

//! `kanban mcp`: the verbs of workers as tools of the Model Context Protocol, on standard input and output.
//!
//! A tool is a function of [`tools`], which calls what the subcommand calls. A call opens the board, does its work
//! and closes it; nothing of the board is held between calls. Nothing but the protocol is written to standard output.

mod arguments;
mod tools;
mod wire;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Global;
use crate::config::Caller;
use crate::exit::{self, Failure, Kind};
use tools::{TOOLS, Tool};
use wire::Serve;

/// Serve the board to an agent as tools of the Model Context Protocol
///
/// Speaks the protocol on standard input and output until the input ends: an agent starts it as an MCP server of
/// its own. The tools do what the commands do, without a shell in between: kanban_show, kanban_complete,
/// kanban_block and so on. With the run token of a worker in the environment (KANBAN_TOKEN) they act as its run, and
/// where a card need not be named, on its card. Without one they act as whoever started the server: cards can be
/// looked at, made, linked and commented on, but not reported on.
///
/// kanban-agents(7) has the tools, and how agents are told of them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ claude mcp add kanban -- kanban mcp --board default"#)]
pub struct Args {}

/// Runs the command.
pub fn run(_: &Args, global: &Global) -> Result<()> {
    let server = Server {
        global: global.clone(),
        caller: Caller::current(),
    };
    let heard = wire::serve(&server, std::io::stdin().lock(), std::io::stdout().lock())
        .context("the session broke off")?;
    match heard {
        true => Ok(()),
        false => Err(Failure::new(Kind::Failed, "no client began a session")
            .hint("an agent starts this as its MCP server and speaks to it on standard input")
            .into()),
    }
}

struct Server {
    global: Global,
    caller: Caller,
}

impl Server {
    /// Whether a tool is for whoever this serves: reports are for the worker of a run.
    fn has(&self, tool: &Tool) -> bool {
        !tool.reports || self.caller.token.is_some()
    }
}

impl Serve for Server {
    fn about(&self) -> Value {
        let about = match &self.caller.task {
            Some(task) => format!(
                "A kanban board. You are the worker of card {task}: kanban_show tells what it is about. Before you \
                 end, report with kanban_complete, kanban_request_review or kanban_block."
            ),
            None => "A kanban board: cards name a worker, and what is ready is started.".to_owned(),
        };
        json!({
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "kanban", "version": env!("CARGO_PKG_VERSION")},
            "instructions": about,
        })
    }

    fn tools(&self) -> Value {
        let tools = TOOLS.iter().filter(|tool| self.has(tool));
        tools.map(Tool::described).collect()
    }

    fn call(&self, name: &str, arguments: Option<Value>) -> Result<Value, String> {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == name) else {
            return Err(format!("there is no tool {name:?}"));
        };
        let arguments = match arguments {
            None | Some(Value::Null) => serde_json::Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err("the arguments of a tool are an object".into()),
        };
        if !self.has(tool) {
            return Ok(failed(&format!(
                "{} is for the worker of a run, and KANBAN_TOKEN names none; kanban_comment is for everybody",
                tool.name
            )));
        }
        Ok(match (tool.call)(&self.global, &self.caller, arguments) {
            // As a value, and as text for clients that know no values.
            Ok(value) => json!({
                "content": [{"type": "text", "text": value.to_string()}],
                "structuredContent": value,
                "isError": false,
            }),
            Err(error) => failed(exit::line(&error).trim_start_matches("kanban: ")),
        })
    }
}

/// What could not be done, for the model to read: why, and what to do about it.
fn failed(why: &str) -> Value {
    json!({"content": [{"type": "text", "text": why}], "isError": true})
}

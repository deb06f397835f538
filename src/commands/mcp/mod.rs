//! `kanban mcp`: the verbs of workers as tools of the Model Context Protocol, on standard input and output.
//!
//! A tool is a function of [`tools`], which calls what the subcommand calls. A call opens the board, does its work
//! and closes it; nothing of the board is held between calls. Nothing but the protocol is written to standard output.

mod arguments;
mod tools;

use anyhow::{Context, Result};
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    Implementation, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer, serve_server};
use rmcp::transport::async_rw::AsyncRwTransport;

use super::Global;
use crate::config::Caller;
use crate::exit;
use tools::{TOOLS, Tool};

/// A longer message is thrown away, in bytes: more than any card may say.
const MESSAGE_MAX: usize = 4 * 1_048_576;

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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("cannot serve")?;
    runtime.block_on(async {
        let (input, output) = rmcp::transport::io::stdio();
        let transport =
            AsyncRwTransport::new_server(input, output).with_max_line_length(MESSAGE_MAX);
        let serving = serve_server(server, transport)
            .await
            .context("no client began a session")?;
        serving.waiting().await.context("the session broke off")?;
        Ok(())
    })
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

    fn call(&self, request: &CallToolRequestParams) -> Result<CallToolResult, ErrorData> {
        let Some(tool) = TOOLS.iter().find(|tool| tool.name == request.name) else {
            return Err(ErrorData::invalid_params(
                format!("there is no tool {:?}", request.name),
                None,
            ));
        };
        if !self.has(tool) {
            return Ok(failed(&format!(
                "{} is for the worker of a run, and KANBAN_TOKEN names none; kanban_comment is for everybody",
                tool.name
            )));
        }
        let arguments = request.arguments.clone().unwrap_or_default();
        Ok(match (tool.call)(&self.global, &self.caller, arguments) {
            Ok(value) => CallToolResult::structured(value),
            Err(error) => failed(exit::line(&error).trim_start_matches("kanban: ")),
        })
    }
}

/// What could not be done, for the model to read: why, and what to do about it.
fn failed(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(why)])
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let about = match &self.caller.task {
            Some(task) => format!(
                "A kanban board. You are the worker of card {task}: kanban_show tells what it is about. Before you \
                 end, report with kanban_complete, kanban_request_review or kanban_block."
            ),
            None => "A kanban board: cards name a worker, and what is ready is started.".to_owned(),
        };
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("kanban", env!("CARGO_PKG_VERSION")))
            .with_instructions(about)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = TOOLS.iter().filter(|tool| self.has(tool));
        Ok(ListToolsResult::with_all_items(
            tools.map(Tool::described).collect(),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(&request).map(CallToolResponse::from)
    }
}

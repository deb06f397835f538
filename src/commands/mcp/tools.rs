//! The tools: their names, what a model is told of them, and the functions behind them, each of which is that of a
//! subcommand.

use std::path::Path;

use anyhow::{Result, anyhow};
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::arguments::{
    Block, Comment, Complete, Create, Heartbeat, LIST_MAX, LIST_USUAL, Link, List, RequestChanges,
    RequestReview, Search, Show,
};
use crate::board::dependency::Release;
use crate::board::id::CardRef;
use crate::board::statement::{self, Metadata};
use crate::board::status::Status;
use crate::board::task::{self, Task, Workspace};
use crate::commands::create::{Card, create};
use crate::commands::{
    Global, Session, block, comment, complete, heartbeat, link, request_changes, request_review,
};
use crate::config::Caller;
use crate::exit::Failure;
use crate::store::listing::{self, ListFilter};
use crate::store::{Tx, context, links, tasks};
use crate::tick::briefing;
use crate::time;

/// A tool.
pub struct Tool {
    pub name: &'static str,
    about: &'static str,
    schema: fn() -> Value,
    /// It changes nothing.
    looks: bool,
    /// It speaks for a run.
    pub reports: bool,
    pub call: fn(&Global, &Caller, Map<String, Value>) -> Result<Value>,
}

impl Tool {
    const fn looks(
        name: &'static str,
        about: &'static str,
        schema: fn() -> Value,
        call: fn(&Global, &Caller, Map<String, Value>) -> Result<Value>,
    ) -> Self {
        Self {
            name,
            about,
            schema,
            looks: true,
            reports: false,
            call,
        }
    }

    const fn changes(mut self) -> Self {
        self.looks = false;
        self
    }

    const fn reports(mut self) -> Self {
        self.reports = true;
        self.changes()
    }

    /// As the protocol lists it.
    pub fn described(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.about,
            "inputSchema": (self.schema)(),
            "annotations": {"readOnlyHint": self.looks, "destructiveHint": false},
        })
    }
}

/// What a tool takes, as JSON Schema 2020-12.
fn schema<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// Every tool, in the order in which they are listed.
pub const TOOLS: [Tool; 11] = [
    Tool::looks(
        "kanban_show",
        "Read a card: what is to be done, what the cards before it came to, earlier attempts and why they failed, \
         comments, attachments, and how to report. Begin with this.",
        schema::<Show>,
        show,
    ),
    Tool::looks(
        "kanban_list",
        "List cards, in the order in which they would start.",
        schema::<List>,
        list,
    ),
    Tool::looks(
        "kanban_search",
        "Find cards by words of their title, body or comments.",
        schema::<Search>,
        search,
    ),
    Tool::looks(
        "kanban_complete",
        "Report that your card is done, with what came of it. The cards that wait for it are told. End after this.",
        schema::<Complete>,
        done,
    )
    .reports(),
    Tool::looks(
        "kanban_block",
        "Report that you cannot go on, and why. A person has to let the card go again. End after this.",
        schema::<Block>,
        stuck,
    )
    .reports(),
    Tool::looks(
        "kanban_request_review",
        "Hand your work over to be looked at before it counts as done. End after this.",
        schema::<RequestReview>,
        to_review,
    )
    .reports(),
    Tool::looks(
        "kanban_request_changes",
        "When you review a card: send it back to whoever did the work, and say what is to be changed. \
         kanban_complete accepts it. End after this.",
        schema::<RequestChanges>,
        send_back,
    )
    .reports(),
    Tool::looks(
        "kanban_heartbeat",
        "Say that you are still at work, every few minutes where something takes long.",
        schema::<Heartbeat>,
        alive,
    )
    .reports(),
    Tool::looks(
        "kanban_comment",
        "Leave a note on a card, for people and for whoever works on it next.",
        schema::<Comment>,
        say,
    )
    .changes(),
    Tool::looks(
        "kanban_create",
        "Make a card for another worker. It is started on its own; nobody waits for it unless it is linked.",
        schema::<Create>,
        make,
    )
    .changes(),
    Tool::looks(
        "kanban_link",
        "Make a card wait until another one is done.",
        schema::<Link>,
        join,
    )
    .changes(),
];

/// Arguments as what a tool takes. What it does not know is refused, so that nothing is silently left undone.
fn read<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T> {
    serde_path_to_error::deserialize(Value::Object(arguments))
        .map_err(|e| Failure::usage(format!("the arguments: {e}")).into())
}

/// The card that is named, or that of the run.
fn card(caller: &Caller, named: Option<&str>) -> Result<CardRef> {
    let text = named
        .or(caller.task.as_deref())
        .ok_or_else(|| Failure::usage("task_id: name the card"))?;
    text.parse()
        .map_err(|e| Failure::usage(format!("task_id: {e}")).into())
}

fn text(name: &str, text: Option<&str>) -> Result<Option<String>> {
    text.map(statement::text)
        .transpose()
        .map_err(|e| Failure::usage(format!("{name}: {e}")).into())
}

fn facts(facts: Option<Map<String, Value>>) -> Result<Option<Metadata>> {
    facts
        .map(Metadata::new)
        .transpose()
        .map_err(|e| Failure::usage(e).into())
}

fn show(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Show = read(arguments)?;
    let named = card(caller, args.task_id.as_deref())?;
    let session = Session::open(global)?;
    let slug = &session.board.slug;
    session.read(&format!("cannot show {named} of board {slug}"), |conn| {
        let id = tasks::find(conn, &named)?;
        let context = context::of(conn, slug, &id)?;
        let mut page = brief(&context.task);
        page["worker_context"] = briefing::text(&session.config, &session.board, &context).into();
        page["parents"] = json!(links::parents(conn, &id)?);
        page["children"] = json!(links::children(conn, &id)?);
        Ok(page)
    })
}

/// A card in a list.
fn brief(task: &Task) -> Value {
    json!({
        "id": task.id, "title": task.title, "status": task.status, "assignee": task.assignee,
        "priority": task.priority, "tenant": task.tenant, "created_by": task.created_by,
    })
}

fn list(global: &Global, _: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: List = read(arguments)?;
    let status = args.status.as_deref().map(str::parse).transpose();
    let mut filter = ListFilter {
        statuses: status.map_err(Failure::usage)?.into_iter().collect(),
        assignee: args.assignee,
        tenant: args.tenant,
        ..ListFilter::default()
    };
    if args.include_archived && filter.statuses.is_empty() {
        filter.statuses = Status::COLUMNS.to_vec();
    }
    let parent = args
        .parent
        .as_deref()
        .map(str::parse::<CardRef>)
        .transpose();
    let parent = parent.map_err(Failure::usage)?;
    cards(global, filter, parent.as_ref(), args.limit)
}

fn search(global: &Global, _: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Search = read(arguments)?;
    if args.words.is_empty() {
        return Err(Failure::usage("words: name at least one").into());
    }
    let filter = ListFilter {
        words: args.words,
        ..ListFilter::default()
    };
    cards(global, filter, None, args.limit)
}

fn cards(
    global: &Global,
    mut filter: ListFilter,
    parent: Option<&CardRef>,
    limit: Option<u32>,
) -> Result<Value> {
    let limit = limit.unwrap_or(LIST_USUAL).clamp(1, LIST_MAX);
    filter.limit = Some(limit + 1);
    let session = Session::open(global)?;
    let found = session.read("cannot list the cards", |conn| {
        filter.parent = tasks::find_if_named(conn, parent)?;
        listing::list(conn, &filter)
    })?;
    let limit = usize::try_from(limit)?;
    let listed: Vec<Value> = found.iter().take(limit).map(brief).collect();
    Ok(json!({"tasks": listed, "truncated": found.len() > limit}))
}

fn done(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Complete = read(arguments)?;
    let mut all = args.metadata;
    for (name, list) in [
        ("artifacts", args.artifacts),
        ("created_cards", args.created_cards),
    ] {
        if let Some(list) = list {
            all.get_or_insert_default()
                .insert(name.to_owned(), json!(list));
        }
    }
    let summary = text("summary", args.summary.or(args.result).as_deref())?;
    let (card, facts) = (card(caller, args.task_id.as_deref())?, facts(all)?);
    let said = (summary.as_deref(), facts.as_ref());
    Ok(json!(
        complete::complete(&Session::open(global)?, &[card], said)?[0]
    ))
}

fn stuck(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Block = read(arguments)?;
    let kind = args.kind.as_deref().map(str::parse).transpose();
    let kind = kind.map_err(Failure::usage)?;
    let reason = text("reason", Some(&args.reason))?;
    let card = card(caller, args.task_id.as_deref())?;
    let cause = (kind, reason.as_deref());
    Ok(json!(
        block::block(&Session::open(global)?, &[card], cause)?[0]
    ))
}

fn to_review(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: RequestReview = read(arguments)?;
    let summary = text("summary", args.summary.as_deref())?;
    let (card, facts) = (
        card(caller, args.task_id.as_deref())?,
        facts(args.metadata)?,
    );
    let said = (summary.as_deref(), facts.as_ref());
    let session = Session::open(global)?;
    Ok(json!(
        request_review::request_review(&session, &[card], said)?[0]
    ))
}

fn send_back(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: RequestChanges = read(arguments)?;
    let reason = request_changes::reason(&args.reason).map_err(Failure::usage)?;
    let card = card(caller, args.task_id.as_deref())?;
    let session = Session::open(global)?;
    Ok(json!(
        request_changes::request_changes(&session, &card, &reason)?[0]
    ))
}

fn alive(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Heartbeat = read(arguments)?;
    let note = text("note", args.note.as_deref())?;
    let card = card(caller, args.task_id.as_deref())?;
    let session = Session::open(global)?;
    Ok(json!(
        heartbeat::heartbeat(&session, &card, note.as_deref())?[0]
    ))
}

fn say(global: &Global, caller: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Comment = read(arguments)?;
    let card = card(caller, args.task_id.as_deref())?;
    Ok(json!(comment::comment(
        &Session::open(global)?,
        &card,
        args.body
    )?))
}

fn make(global: &Global, _: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Create = read(arguments)?;
    let now = time::now()?;
    let session = Session::open(global)?;
    let usage = |name: &str, e: String| anyhow!(Failure::usage(format!("{name}: {e}")));
    let workspace = match (args.workspace_kind.as_deref(), &args.workspace_path) {
        (None, None) => Workspace::Scratch,
        (kind, path) => {
            let kind = kind.unwrap_or("dir");
            let place = path
                .as_ref()
                .map_or(String::new(), |path| format!(":{path}"));
            let place = format!("{kind}{place}").parse();
            place.map_err(|e| usage("workspace_kind", e))?
        }
    };
    let blocked = match args.initial_status.as_deref() {
        None | Some("running" | "ready") => None,
        Some("blocked") => Some("made blocked".to_owned()),
        Some(other) => {
            return Err(usage("initial_status", format!("{other:?} is not blocked")));
        }
    };
    let parents: Vec<CardRef> = args
        .parents
        .iter()
        .map(|parent| parent.parse().map_err(|e| usage("parents", e)))
        .collect::<Result<_>>()?;
    let asked = Card {
        title: Some(args.title),
        assignee: args.assignee,
        priority: args.priority,
        max_runtime: args.max_runtime_seconds.filter(|seconds| *seconds > 0),
        idempotency_key: args.idempotency_key,
        triage: args.triage,
        blocked,
        workspace,
        tenant: args.tenant,
        skills: args.skills,
        goal: args.goal_mode,
        goal_max_turns: args.goal_max_turns.filter(|_| args.goal_mode),
        ..Card::default()
    };
    let mut new = asked.check(Path::new(""), &session, now)?;
    // Not by way of the options: "-" is standard input there.
    new.body = args
        .body
        .map(task::body)
        .transpose()
        .map_err(|e| usage("body", e))?;
    let parents = |tx: &Tx<'_>| {
        let ids = tasks::find_all(tx, &parents)?;
        Ok(ids.into_iter().map(|id| (id, Release::Success)).collect())
    };
    let (created, task) = create(&session, new, parents, tasks::get)?;
    let mut made = brief(&task);
    made["new"] = created.new.into();
    Ok(made)
}

fn join(global: &Global, _: &Caller, arguments: Map<String, Value>) -> Result<Value> {
    let args: Link = read(arguments)?;
    let named = |name: &str, text: &str| -> Result<CardRef> {
        text.parse()
            .map_err(|e| Failure::usage(format!("{name}: {e}")).into())
    };
    let edge = (
        &named("parent_id", &args.parent_id)?,
        &named("child_id", &args.child_id)?,
    );
    let (parent, child, added) = link::link(&Session::open(global)?, edge, Release::Success)?;
    Ok(json!({"parent": parent, "child": child, "added": added}))
}

//! What a worker is told: the text behind `{prompt}` and `kanban context`.

use crate::board::briefing::{Briefing, Duty};
use crate::board::context::Context;
use crate::board::run::Report;
use crate::board::status::Status;
use crate::config::{Board, Config, Worker};

/// The text for whoever works on this card now, or would.
pub fn text(config: &Config, board: &Board, context: &Context) -> String {
    let name = match context.column {
        Status::Review => config.review_worker(&board.slug),
        Status::Triage => config.triage_worker(&board.slug),
        _ => context.task.assignee.as_deref(),
    };
    // On boards of Hermes, whoever did the work reviews it.
    let name = name.or(context
        .task
        .assignee
        .as_deref()
        .filter(|_| context.column == Status::Review && board.hermes.is_some()));
    for_worker(name.and_then(|name| config.worker(name)), context)
}

/// The text for this worker.
pub fn for_worker(worker: Option<&Worker>, context: &Context) -> String {
    let duty = match worker {
        Some(worker) if !worker.pull => match worker.report {
            Report::Exit => Duty::Exit,
            Report::Explicit => Duty::Explicit,
        },
        _ => Duty::Person,
    };
    context.text(&Briefing { duty })
}

//! `kanban graph`

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use super::{Global, Session};
use crate::board::dependency::Release;
use crate::board::id::{CardRef, TaskId};
use crate::board::status::Status;
use crate::render::style::{Style, status_colour};
use crate::render::{self, escape};
use crate::store::Snapshot;
use crate::store::links::{self, Neighbour};
use crate::store::tasks;

/// Show what a card waits for and what waits for it, as a tree
///
/// A card that stands in the tree already is named again with "…" and not followed twice.
#[derive(Debug, clap::Args)]
#[command(after_long_help = r#"Examples:
  $ kanban graph t_1a2b3c4d
  $ kanban graph t_1a2b3c4d --dot | dot -Tsvg >graph.svg"#)]
pub struct Args {
    /// The card
    #[arg(value_name = "ID")]
    id: CardRef,
    /// Print it in the language of Graphviz (dot) instead
    #[arg(long)]
    dot: bool,
}

/// A card of the graph.
#[derive(Debug, Clone, Serialize)]
struct Node {
    id: TaskId,
    status: Status,
    title: String,
}

/// A card waits for another.
#[derive(Debug, Clone, Serialize)]
struct Edge {
    parent: TaskId,
    child: TaskId,
    /// Which end of the parent lets the child go.
    on: Release,
    /// It still holds the child.
    open: bool,
}

/// Everything that is connected with a card above and below it.
#[derive(Debug, Serialize)]
struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// A chain is not indented further: its lines would be longer than the text in them.
const INDENT_MAX: usize = 40;

#[derive(Debug, Clone, Copy)]
enum Way {
    /// To what it waits for.
    Up,
    /// To what waits for it.
    Down,
}

/// Runs the command.
pub fn run(args: &Args, global: &Global) -> Result<()> {
    let what = format!("cannot draw the graph of {}", args.id);
    let (graph, tree) = Session::open(global)?.read(&what, |conn| {
        let card = tasks::get(conn, &tasks::find(conn, &args.id)?)?;
        let id = card.id.clone();
        let root = Node {
            id: card.id,
            status: card.status,
            title: card.title,
        };
        let mut tree = format!("{}\n", line(&root, None, &Style::stdout()));
        let mut graph = Graph {
            nodes: vec![root],
            edges: Vec::new(),
        };
        for (way, heading) in [(Way::Up, "waits for"), (Way::Down, "releases")] {
            let lines = graph.grow(conn, &id, way)?;
            if !lines.is_empty() {
                tree += &format!("{heading}\n{lines}");
            }
        }
        Ok((graph, tree))
    })?;
    if args.dot {
        return render::print(&dot(&graph));
    }
    if global.json {
        return render::print(&render::json(&graph)?);
    }
    render::print(&tree)
}

impl Graph {
    /// Adds everything on one side of a card and returns it as the lines of a tree. A chain can be longer than
    /// a stack is deep, so what is still to be visited is kept in a list.
    fn grow(&mut self, conn: &Snapshot, root: &TaskId, way: Way) -> Result<String> {
        let style = Style::stdout();
        let mut seen = BTreeSet::from([root.clone()]);
        let mut known: BTreeSet<TaskId> = self.nodes.iter().map(|node| node.id.clone()).collect();
        let mut lines = String::new();
        let mut waiting = self.step(conn, root, way, 1)?;
        while let Some((card, depth)) = waiting.pop() {
            let first = seen.insert(card.id.clone());
            let node = Node {
                id: card.id.clone(),
                status: card.status.clone(),
                title: card.title.clone(),
            };
            let again = if first { "" } else { " …" };
            let indent = "  ".repeat(depth.min(INDENT_MAX));
            lines += &format!("{indent}{}{again}\n", line(&node, Some(&card), &style));
            if first {
                if known.insert(node.id.clone()) {
                    self.nodes.push(node);
                }
                waiting.extend(self.step(conn, &card.id, way, depth + 1)?);
            }
        }
        Ok(lines)
    }

    /// The neighbours of a card on one side, the first one last, with the edges to them added.
    fn step(
        &mut self,
        conn: &Snapshot,
        from: &TaskId,
        way: Way,
        depth: usize,
    ) -> Result<Vec<(Neighbour, usize)>> {
        let neighbours = match way {
            Way::Up => links::parents(conn, from)?,
            Way::Down => links::children(conn, from)?,
        };
        for card in &neighbours {
            let (parent, child) = match way {
                Way::Up => (card.id.clone(), from.clone()),
                Way::Down => (from.clone(), card.id.clone()),
            };
            self.edges.push(Edge {
                parent,
                child,
                on: card.on,
                open: card.open,
            });
        }
        Ok(neighbours
            .into_iter()
            .rev()
            .map(|card| (card, depth))
            .collect())
    }
}

fn line(node: &Node, edge: Option<&Neighbour>, style: &Style) -> String {
    let on = match edge.map(|edge| edge.on) {
        None | Some(Release::Success) => String::new(),
        Some(other) => format!(", on {other}"),
    };
    format!(
        "{} {}{on} {}",
        node.id,
        style.paint(status_colour(&node.status), node.status.as_str()),
        escape::line(&node.title)
    )
}

/// The graph for Graphviz; a card's text is only a label in it.
fn dot(graph: &Graph) -> String {
    let quoted = |text: &str| {
        let safe = escape::line(text)
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        format!("\"{safe}\"")
    };
    let mut out = String::from("digraph cards {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in &graph.nodes {
        let label = format!("{} {}", node.status, node.title);
        out += &format!(
            "  {} [label={}];\n",
            quoted(node.id.as_str()),
            quoted(&label)
        );
    }
    for edge in &graph.edges {
        let style = if edge.open { "solid" } else { "dashed" };
        let label = match edge.on {
            Release::Success => String::new(),
            other => format!(", label={}", quoted(&other.to_string())),
        };
        out += &format!(
            "  {} -> {} [style={style}{label}];\n",
            quoted(edge.parent.as_str()),
            quoted(edge.child.as_str())
        );
    }
    out + "}\n"
}

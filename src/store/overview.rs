//! Everything that a page shows of a board, read in one snapshot, with a bound on each part: a page is
//! opened by people, however large the board is.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use rusqlite::{Connection, params};

use super::{links, schema, tasks};
use crate::board::id::TaskId;
use crate::board::overview::{
    Card, Comment, Day, Figures, Happening, Overview, Percentiles, Run, Text, Verdict,
};
use crate::board::status::Status;
use crate::time::{Seconds, Zone};

/// Cards; those that ended long ago are left out first.
const CARDS_MAX: u32 = 25_000;
/// Characters of all bodies together: with many cards, each shows less of its own.
const BODIES_MAX: usize = 4_000_000;
/// Characters of one body, at most and at least.
const BODY: std::ops::RangeInclusive<usize> = 120..=4_000;
/// Characters of an error, or of what a run said.
const NOTE_MAX: usize = 300;
/// A card that very many wait for does not bring them all along.
const EDGES_MAX: usize = 100_000;
/// Runs of the timeline; the figures count all of their days.
const RUNS_MAX: usize = 5_000;
const COMMENTS_MAX: usize = 2_000;
const COMMENT_MAX: usize = 1_000;
const EVENTS_MAX: usize = 5_000;
/// Days of the figures.
const DAYS: usize = 30;

/// Reads the board as it is now.
pub fn read(conn: &Connection, now: Seconds, zone: &Zone) -> Result<Overview> {
    let mut overview = Overview {
        counts: tasks::counts(conn)?,
        days: zone
            .days(now, DAYS)
            .into_iter()
            .map(|date| Day {
                date,
                ..Day::default()
            })
            .collect(),
        ..Overview::default()
    };
    cards(conn, &mut overview)?;
    let ids: Vec<&TaskId> = overview.cards.iter().map(|card| &card.id).collect();
    (overview.edges, overview.more_edges) = links::around(conn, &ids, EDGES_MAX)?;
    let mut days = Days::new(&mut overview.days, zone);
    let since = now - 86_400 * (DAYS as Seconds + 1);
    (overview.events, overview.older_events) = events(conn, since, &mut days)?;
    let runs = runs(conn, since, &mut days)?;
    (overview.runs, overview.older_runs) = (runs.newest, runs.more);
    (overview.ends, overview.workers) = (runs.ends, runs.workers);
    (overview.comments, overview.older_comments) = comments(conn)?;
    Ok(overview)
}

/// One more than is shown tells whether there are more.
fn and_one(max: usize) -> i64 {
    i64::try_from(max).map_or(i64::MAX, |max| max.saturating_add(1))
}

/// What is open first, by its priority, then what ended, the newest first.
const ORDER: &str = "t.status IN ('done', 'cancelled'),
     CASE WHEN t.status IN ('done', 'cancelled') THEN coalesce(t.completed_at, t.created_at) ELSE t.priority END DESC,
     t.created_at, t.rowid";

fn cards(conn: &Connection, overview: &mut Overview) -> Result<()> {
    let on_board = overview.counts.iter();
    let on_board: i64 = on_board
        .filter(|(status, _)| *status != Status::Archived)
        .map(|(_, n)| n)
        .sum();
    let shown = usize::try_from(on_board)
        .unwrap_or(0)
        .clamp(1, CARDS_MAX as usize);
    let body_max = (BODIES_MAX / shown).clamp(*BODY.start(), *BODY.end());
    overview.text_max = body_max;
    // Which cards are shown is found before their texts are read: a board may have very many more.
    let source = schema::tasks_source(conn)?;
    let mut statement = conn.prepare(&format!(
        "SELECT t.id, t.title, t.status, t.assignee, t.tenant, t.priority, t.created_by, t.created_at,
                t.started_at, t.completed_at, max(coalesce(c.not_before, 0), coalesce(c.retry_at, 0)) AS not_before,
                t.consecutive_failures, substr(t.body, 1, ?1) AS body, substr(t.result, 1, ?1) AS result,
                substr(t.last_failure_error, 1, ?2) AS error
         FROM (SELECT t.rowid AS number FROM tasks t WHERE t.status <> 'archived' ORDER BY {ORDER} LIMIT ?3) shown
              CROSS JOIN {source} t ON t.rowid = shown.number LEFT JOIN tick_cards c ON c.task_id = t.id
         ORDER BY {ORDER}"
    ))?;
    let rows = statement.query_map(
        params![and_one(body_max), and_one(NOTE_MAX), CARDS_MAX],
        |r| {
            Ok(Card {
                id: TaskId::stored(r.get("id")?),
                title: r.get("title")?,
                status: Status::stored(r.get("status")?),
                assignee: r.get("assignee")?,
                tenant: r.get("tenant")?,
                priority: r.get::<_, Option<i64>>("priority")?.unwrap_or(0),
                created_by: r.get("created_by")?,
                created_at: r.get("created_at")?,
                started_at: r.get("started_at")?,
                completed_at: r.get("completed_at")?,
                not_before: r
                    .get::<_, Option<Seconds>>("not_before")?
                    .filter(|at| *at > 0),
                failures: r.get("consecutive_failures")?,
                body: Text::beginning(r.get("body")?, body_max),
                result: Text::beginning(r.get("result")?, body_max),
                error: Text::beginning(r.get("error")?, NOTE_MAX),
            })
        },
    )?;
    overview.cards = rows.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

/// The days of the figures, found by a moment.
struct Days<'a> {
    days: &'a mut Vec<Day>,
    by_date: HashMap<String, usize>,
    zone: &'a Zone,
}

impl<'a> Days<'a> {
    fn new(days: &'a mut Vec<Day>, zone: &'a Zone) -> Self {
        let dates = days.iter().enumerate();
        Self {
            by_date: dates.map(|(i, day)| (day.date.clone(), i)).collect(),
            days,
            zone,
        }
    }

    fn at(&mut self, moment: Seconds) -> Option<&mut Day> {
        let day = *self.by_date.get(&self.zone.day(moment))?;
        self.days.get_mut(day)
    }
}

/// The newest events; those that say that a card is done are counted on their days, however many there are.
fn events(
    conn: &Connection,
    since: Seconds,
    days: &mut Days<'_>,
) -> Result<(Vec<Happening>, bool)> {
    let mut statement =
        conn.prepare("SELECT task_id, kind, created_at FROM task_events ORDER BY id DESC")?;
    let mut rows = statement.query([])?;
    let (mut newest, mut more) = (Vec::new(), false);
    while let Some(r) = rows.next()? {
        let at: Seconds = r.get("created_at")?;
        let full = newest.len() == EVENTS_MAX;
        more |= full;
        if full && at < since {
            break;
        }
        let kind: String = r.get("kind")?;
        if kind == "completed"
            && let Some(day) = days.at(at)
        {
            day.done += 1;
        }
        // Signs of life are many, and nothing that happened.
        if !full && kind != "heartbeat" && kind != "claim_extended" {
            newest.push(Happening {
                task: TaskId::stored(r.get("task_id")?),
                kind,
                at,
            });
        }
    }
    Ok((newest, more))
}

struct Runs {
    newest: Vec<Run>,
    more: bool,
    ends: Vec<(String, usize)>,
    workers: Vec<Figures>,
}

fn runs(conn: &Connection, since: Seconds, days: &mut Days<'_>) -> Result<Runs> {
    let mut statement = conn.prepare(
        "SELECT s.id, s.task_id, s.profile, coalesce(s.outcome, s.status) AS outcome, r.attempt, s.started_at,
                s.ended_at, coalesce(r.duration_ms, (s.ended_at - s.started_at) * 1000) AS duration_ms,
                r.exit_code, r.exit_signal, substr(coalesce(s.error, s.summary), 1, ?1) AS note
         FROM task_runs s LEFT JOIN tick_runs r ON r.run_id = s.id ORDER BY s.id DESC",
    )?;
    let mut rows = statement.query([and_one(NOTE_MAX)])?;
    let (mut newest, mut more) = (Vec::new(), false);
    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    let mut workers: BTreeMap<String, (Figures, Vec<i64>)> = BTreeMap::new();
    while let Some(r) = rows.next()? {
        let run = Run {
            id: r.get("id")?,
            task: TaskId::stored(r.get("task_id")?),
            worker: r.get("profile")?,
            outcome: r.get("outcome")?,
            attempt: r.get("attempt")?,
            started_at: r.get("started_at")?,
            ended_at: r.get("ended_at")?,
            duration_ms: r.get("duration_ms")?,
            exit_code: r.get("exit_code")?,
            exit_signal: r.get("exit_signal")?,
            note: Text::beginning(r.get("note")?, NOTE_MAX),
        };
        let full = newest.len() == RUNS_MAX;
        more |= full;
        if full && run.started_at < since {
            break;
        }
        if let Some(day) = run.ended_at.and_then(|at| days.at(at)) {
            let verdict = Verdict::of(&run.outcome);
            day.failed += usize::from(verdict == Verdict::Bad);
            *ends.entry(run.outcome.clone()).or_default() += 1;
            let worker = run.worker.clone().unwrap_or_default();
            let (figures, lengths) = workers.entry(worker).or_default();
            match verdict {
                Verdict::Good => figures.completed += 1,
                Verdict::Bad => figures.failed += 1,
                Verdict::Neither | Verdict::Running => figures.other += 1,
            }
            lengths.extend(run.duration_ms);
        }
        if !full {
            newest.push(run);
        }
    }
    let mut ends: Vec<(String, usize)> = ends.into_iter().collect();
    ends.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let workers = workers
        .into_iter()
        .map(|(worker, (figures, lengths))| Figures {
            worker,
            took: Percentiles::of(lengths),
            ..figures
        })
        .collect();
    Ok(Runs {
        newest,
        more,
        ends,
        workers,
    })
}

fn comments(conn: &Connection) -> Result<(Vec<Comment>, bool)> {
    let mut statement = conn.prepare(
        "SELECT task_id, author, substr(body, 1, ?1) AS body, created_at FROM task_comments
         ORDER BY id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![and_one(COMMENT_MAX), and_one(COMMENTS_MAX)], |r| {
        Ok(Comment {
            task: TaskId::stored(r.get("task_id")?),
            author: r.get("author")?,
            body: Text::beginning(r.get("body")?, COMMENT_MAX),
            at: r.get("created_at")?,
        })
    })?;
    let mut newest: Vec<Comment> = rows.collect::<rusqlite::Result<_>>()?;
    let more = newest.len() > COMMENTS_MAX;
    newest.truncate(COMMENTS_MAX);
    Ok((newest, more))
}

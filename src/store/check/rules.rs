//! What must hold between the rows of a board: a table of questions, each with what to do about its answers.
//!
//! A card that a run of ours may still be at work on is never touched: `{alive}` says so, by the one mark that
//! means that every process of a run is proven gone.

use super::Severity;

/// A question to the board whose answers are what is wrong.
pub struct Rule {
    /// For scripts; it never changes its meaning.
    pub name: &'static str,
    pub severity: Severity,
    /// What each answer is.
    pub what: &'static str,
    /// What somebody can do, or what mending does.
    pub advice: &'static str,
    /// The tables that it needs. Those of ours are missing on a board that was never ticked here.
    pub tables: &'static [&'static str],
    /// What is selected: one text for each thing that is wrong.
    pub found: &'static str,
    /// What mends it without losing anything; nothing if only a person or a tick can.
    pub mend: &'static [&'static str],
}

/// Cards that are running on the board, though their run is over.
const STUCK: &str = "t.id FROM tasks t WHERE t.status = 'running' AND NOT {alive}
    AND EXISTS (SELECT 1 FROM tick_runs o WHERE o.run_id = t.current_run_id AND o.dead = 1)";
/// A run of its own that is open.
macro_rules! open_run {
    () => {
        "EXISTS (SELECT 1 FROM task_runs s WHERE s.id = t.current_run_id AND s.task_id = t.id AND s.ended_at IS NULL)"
    };
}
/// How an open run is closed that nobody works on any more.
macro_rules! close {
    ($which:expr) => {
        concat!(
            "UPDATE task_runs SET status = 'reclaimed', outcome = 'reclaimed', ended_at = {now}, claim_lock = NULL,
                    claim_expires = NULL, error = coalesce(error, 'left open; closed by kanban check')
             WHERE ended_at IS NULL AND ",
            $which
        )
    };
}

/// All of them, the worst first. The positions in the history come before what adds to it.
pub const RULES: [Rule; 18] = [
    Rule {
        name: "cursor_beyond_events",
        severity: Severity::Error,
        what: "positions in the history beyond its end: what happens next would be passed over",
        advice: "sets them back to the end",
        tables: &["tick_meta"],
        found: "m.key FROM tick_meta m WHERE m.key IN ('announced', 'promotion_seen') AND m.value > {top}",
        mend: &[
            "UPDATE tick_meta SET value = {top} WHERE key IN (SELECT {found})",
            // Nobody knows what was passed over: every waiting card is looked at.
            "UPDATE tick_meta SET value = 0 WHERE key = 'promotion_swept_at'",
        ],
    },
    Rule {
        name: "running_card_of_dead_run",
        severity: Severity::Error,
        what: "cards that are running, though every process of their run is gone: no tick looks at them again",
        advice: "puts them back into the column they came from",
        tables: &["tick_runs"],
        found: STUCK,
        mend: &[
            "INSERT INTO task_events (task_id, run_id, kind, payload, created_at)
             SELECT t.id, t.current_run_id, 'reclaimed', '{\"reason\":\"its run was over\",\"by\":\"kanban check\"}', {now}
             FROM tasks t WHERE t.id IN (SELECT {found})",
            close!("id IN (SELECT t.current_run_id FROM tasks t WHERE t.id IN (SELECT {found}))"),
            // What was ready waits for its parents again, if it has any; promotion looks at what has an event.
            "UPDATE tasks AS u SET status = (SELECT CASE o.source WHEN 'ready' THEN 'todo' ELSE o.source END
                                             FROM tick_runs o WHERE o.run_id = u.current_run_id),
                    claim_lock = NULL, claim_expires = NULL, worker_pid = NULL, current_run_id = NULL
             WHERE u.status = 'running' AND u.id IN (SELECT {found})",
        ],
    },
    Rule {
        name: "two_open_runs",
        severity: Severity::Error,
        what: "cards with more than one open run",
        advice: "closes those that are proven dead; kanban stop ID ends the others",
        tables: &["tick_runs"],
        found: "s.task_id FROM task_runs s WHERE s.ended_at IS NULL GROUP BY s.task_id HAVING count(*) > 1",
        mend: &[close!(
            "task_id IN (SELECT {found})
             AND EXISTS (SELECT 1 FROM tick_runs r WHERE r.run_id = task_runs.id AND r.dead = 1)"
        )],
    },
    Rule {
        name: "claim_on_waiting_card",
        severity: Severity::Error,
        what: "cards that nobody works on, but that are claimed: they are never started",
        advice: "takes the claim away, which has run out",
        tables: &[],
        found: "t.id FROM tasks t WHERE t.status <> 'running' AND t.claim_lock IS NOT NULL
                AND coalesce(t.claim_expires, 0) < {now} AND NOT {alive}",
        mend: &[
            "UPDATE tasks AS u SET claim_lock = NULL, claim_expires = NULL, worker_pid = NULL
                 WHERE u.status <> 'running' AND u.id IN (SELECT {found})",
        ],
    },
    Rule {
        name: "self_link",
        severity: Severity::Error,
        what: "cards that wait for themselves",
        advice: "removes the edge",
        tables: &[],
        found: "l.child_id FROM task_links l WHERE l.parent_id = l.child_id",
        mend: &[
            "DELETE FROM tick_links WHERE parent_id = child_id",
            "DELETE FROM task_links WHERE parent_id = child_id",
        ],
    },
    Rule {
        name: "delivery_without_notice",
        severity: Severity::Error,
        what: "messages whose text is gone: they can never be sent, and keep others from it",
        advice: "removes them",
        tables: &["tick_deliveries"],
        found: "d.id FROM tick_deliveries d WHERE NOT EXISTS (SELECT 1 FROM tick_notices n WHERE n.id = d.notice_id)",
        mend: &["DELETE FROM tick_deliveries WHERE id IN (SELECT {found})"],
    },
    Rule {
        name: "running_card_without_run",
        severity: Severity::Warning,
        what: "cards that are running and have no open run",
        advice: "the next tick books them once their worker is gone: kanban tick",
        tables: &[],
        found: concat!(
            "t.id FROM tasks t WHERE t.status = 'running' AND NOT {alive} AND NOT {known} AND NOT ",
            open_run!()
        ),
        mend: &[],
    },
    Rule {
        name: "run_of_waiting_card",
        severity: Severity::Warning,
        what: "cards that nobody works on, with a run that is open",
        advice: "closes the run",
        tables: &[],
        found: "t.id FROM task_runs s JOIN tasks t ON t.id = s.task_id
                WHERE s.ended_at IS NULL AND t.status <> 'running' AND NOT {alive}",
        mend: &[close!("task_id IN (SELECT {found})")],
    },
    Rule {
        name: "current_run_of_waiting_card",
        severity: Severity::Warning,
        what: "cards that nobody works on, and that name a run that is over or gone",
        advice: "forgets the run",
        tables: &[],
        found: concat!(
            "t.id FROM tasks t WHERE t.status <> 'running' AND t.current_run_id IS NOT NULL AND NOT {alive} AND NOT ",
            open_run!()
        ),
        mend: &["UPDATE tasks AS u SET current_run_id = NULL
                 WHERE u.status <> 'running' AND u.id IN (SELECT {found})"],
    },
    Rule {
        name: "link_to_missing_card",
        severity: Severity::Warning,
        what: "edges of a card that is gone; they hold nobody",
        advice: "removes them",
        tables: &[],
        found: "l.parent_id || ' -> ' || l.child_id FROM task_links l
                WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = l.parent_id)
                   OR NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = l.child_id)",
        mend: &["DELETE FROM task_links WHERE parent_id || ' -> ' || child_id IN (SELECT {found})"],
    },
    Rule {
        name: "duplicate_link",
        severity: Severity::Warning,
        what: "edges that are there more than once",
        advice: "keeps one of each",
        tables: &[],
        found: "l.parent_id || ' -> ' || l.child_id FROM task_links l
                GROUP BY l.parent_id, l.child_id HAVING count(*) > 1",
        mend: &["DELETE FROM task_links WHERE parent_id || ' -> ' || child_id IN (SELECT {found})
                 AND rowid NOT IN (SELECT min(rowid) FROM task_links GROUP BY parent_id, child_id)"],
    },
    Rule {
        name: "condition_without_link",
        severity: Severity::Warning,
        what: "conditions of edges that are gone",
        advice: "removes them",
        tables: &["tick_links"],
        found: "k.parent_id || ' -> ' || k.child_id FROM tick_links k WHERE NOT EXISTS (
                SELECT 1 FROM task_links l WHERE l.parent_id = k.parent_id AND l.child_id = k.child_id)",
        mend: &["DELETE FROM tick_links WHERE parent_id || ' -> ' || child_id IN (SELECT {found})"],
    },
    Rule {
        name: "cancelled_without_mark",
        severity: Severity::Warning,
        what: "cancelled cards that would count as a success once they are archived",
        advice: "marks them as cancelled",
        tables: &["tick_cards"],
        found: "t.id FROM tasks t LEFT JOIN tick_cards c ON c.task_id = t.id
                WHERE t.status = 'cancelled' AND c.cancelled_at IS NULL",
        mend: &["INSERT INTO tick_cards (task_id, cancelled_at)
                 SELECT t.id, coalesce(t.completed_at, {now}) FROM tasks t WHERE t.id IN (SELECT {found})
                 ON CONFLICT (task_id) DO UPDATE SET cancelled_at = excluded.cancelled_at"],
    },
    Rule {
        name: "mark_on_card_in_play",
        severity: Severity::Warning,
        what: "cards in play that are marked as cancelled",
        advice: "takes the mark away",
        tables: &["tick_cards"],
        found: "t.id FROM tick_cards c JOIN tasks t ON t.id = c.task_id
                WHERE c.cancelled_at IS NOT NULL AND t.status NOT IN ('cancelled', 'archived')",
        mend: &["UPDATE tick_cards SET cancelled_at = NULL WHERE task_id IN (SELECT {found})"],
    },
    Rule {
        name: "subscription_beyond_events",
        severity: Severity::Warning,
        what: "subscriptions that begin after the end of the history: what happens next would not be told",
        advice: "sets them back to the end",
        tables: &["tick_subscriptions"],
        found: "s.task_id FROM tick_subscriptions s WHERE s.since > {top}",
        mend: &["UPDATE tick_subscriptions SET since = {top} WHERE since > {top}"],
    },
    Rule {
        name: "rows_of_ours_without_card",
        severity: Severity::Warning,
        what: "what kanban remembers of cards that are gone",
        advice: "forgets it",
        tables: &["tick_cards", "tick_runs", "tick_subscriptions"],
        found: "o.task_id FROM (SELECT task_id FROM tick_cards
                    UNION SELECT task_id FROM tick_subscriptions
                    UNION SELECT task_id FROM tick_runs WHERE dead = 1) o
                WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = o.task_id)",
        mend: &[
            "DELETE FROM tick_subscriptions WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_id)",
            "DELETE FROM tick_cards WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_id)",
            "DELETE FROM tick_runs WHERE dead = 1 AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = task_id)",
        ],
    },
    Rule {
        name: "history_without_card",
        severity: Severity::Info,
        what: "cards that are gone, and whose history another program left",
        advice: "it is kept; kanban gc removes what is old enough",
        tables: &[],
        found: "o.task_id FROM (SELECT task_id FROM task_events UNION SELECT task_id FROM task_runs
                    UNION SELECT task_id FROM task_comments) o
                WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = o.task_id)",
        mend: &[],
    },
    Rule {
        name: "unknown_status",
        severity: Severity::Info,
        what: "columns that another program made; their cards are kept as they are and never started",
        advice: "nothing to do",
        tables: &[],
        found: "DISTINCT t.status FROM tasks t WHERE t.status NOT IN ('triage', 'todo', 'scheduled', 'ready', 'running',
                'review', 'blocked', 'done', 'cancelled', 'archived')",
        mend: &[],
    },
];

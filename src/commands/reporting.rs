//! What workers report, and people too, by a command or through `kanban mcp`: who asks, whether they are
//! listened to, and what becomes of what they said if they are not.

use anyhow::Result;
use serde::Serialize;

use super::{Global, Patience, Session};
use crate::board::id::{CardRef, RunToken, TaskId};
use crate::board::statement::{Statement, Verb};
use crate::board::status::Status;
use crate::config::Caller;
use crate::render;
use crate::store::late::{self, Kept};
use crate::store::lifecycle::{Actor, Changed, Own, Refusal, admission, repeated};
use crate::store::{Tx, tasks};
use crate::time::Seconds;

/// Where a card went.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    pub id: TaskId,
    pub status: Status,
}

impl Session {
    /// Changes the board in the name of whoever asks. A worker whose run has no say is refused, and what it
    /// wanted to say is kept.
    pub(super) fn write_as<T>(
        &self,
        what: &str,
        said: Statement<'_>,
        about: &[&CardRef],
        work: impl FnOnce(&Tx<'_>, Option<&Own>, Seconds) -> Result<T>,
    ) -> Result<T> {
        self.write_or_repeat(what, said, about, work, |_, _, _, _| Ok(None))
    }

    /// [`Session::write_as`], where `repeat` answers a worker that reports again what its run has reported already.
    fn write_or_repeat<T>(
        &self,
        what: &str,
        said: Statement<'_>,
        about: &[&CardRef],
        work: impl FnOnce(&Tx<'_>, Option<&Own>, Seconds) -> Result<T>,
        repeat: impl FnOnce(&Tx<'_>, &Refusal, &[TaskId], Seconds) -> Result<Option<T>>,
    ) -> Result<T> {
        let actor = actor();
        let answer = self.write(what, |tx, now| {
            let about = about.iter().map(|card| tasks::find(tx, card));
            let about = about.collect::<Result<Vec<_>>>()?;
            match admission(tx, &actor, said.verb, &about)? {
                Ok(own) => work(tx, own.as_ref(), now).map(Ok),
                Err(refusal) => {
                    if let Some(answer) = repeat(tx, &refusal, &about, now)? {
                        return Ok(Ok(answer));
                    }
                    let own_card = refusal.card.as_ref();
                    let about = about.iter().find(|id| Some(*id) != own_card);
                    let about = about.or(own_card);
                    let kept = match about {
                        Some(about) => late::keep(tx, &refusal, about, &said, now)?,
                        None => Kept::Nothing,
                    };
                    Ok(Err(refusal.failure(tell(kept))))
                }
            }
        })?;
        answer.map_err(|failure| anyhow::Error::from(failure).context(what.to_owned()))
    }

    /// Moves cards in the name of whoever asks: all or none.
    pub(super) fn report(
        &self,
        cards: &[CardRef],
        said: Statement<'_>,
        change: impl Fn(&Tx<'_>, &TaskId, &Actor, Seconds) -> Result<Changed>,
    ) -> Result<Vec<Moved>> {
        let what = format!("cannot {} on board {}", said.verb.as_str(), self.board.slug);
        let (actor, about): (_, Vec<&CardRef>) = (actor(), cards.iter().collect());
        let all = |tx: &Tx<'_>, now: Seconds| {
            tasks::find_all(tx, cards)?
                .into_iter()
                .map(|id| {
                    let changed = change(tx, &id, &actor, now)?;
                    Ok((id, changed))
                })
                .collect::<Result<Vec<_>>>()
        };
        let patience = match said.verb {
            Verb::Heartbeat => Patience::NobodyEnds,
            Verb::Cancel => Patience::UntilEnded,
            _ => Patience::Asked,
        };
        self.moves(cards, (&what, patience), &actor, all, || {
            let work = |tx: &Tx<'_>, _: Option<&Own>, now| all(tx, now);
            self.write_or_repeat(&what, said, &about, work, |tx, refusal, cards, now| {
                let card = repeated(tx, refusal, &said, cards, now)?;
                Ok(card.map(|card| vec![card]))
            })
        })
    }
}

/// What became of what a worker wanted to say, as it follows why it was not listened to.
fn tell(kept: Kept) -> &'static str {
    match kept {
        Kept::Yes => "; what it reported is kept as a late result of the card",
        Kept::Nothing => "",
        Kept::CardGone => "; what it reported could not be kept, for its card is gone",
        Kept::TooMuch => "; what it reported was not kept, for it has reported too often",
    }
}

/// Says where cards went.
pub fn show_moved(global: &Global, moved: &[Moved]) -> Result<()> {
    if global.json {
        return render::print(&render::json(&moved)?);
    }
    let lines: String = moved
        .iter()
        .map(|card| format!("{} {}\n", card.id, card.status))
        .collect();
    render::print(&lines)
}

/// Who asks, for a change that a worker may make for itself.
pub fn actor() -> Actor {
    let caller = Caller::current();
    match caller.token {
        Some(token) => Actor::Worker {
            token: RunToken::shown(token),
        },
        None => Actor::Person(caller.name),
    }
}

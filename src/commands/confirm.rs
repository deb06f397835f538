//! Asking before what cannot be undone.
//!
//! A person at a terminal is asked, and no is the answer that is taken unless another one is given. A script
//! has to say `--yes`: it is never asked, because it might answer by accident.

use std::io::{BufRead, IsTerminal, Read, Write};

use anyhow::{Context, Result};

use crate::exit::{Failure, Kind};
use crate::render::escape;

/// The most that is read of an answer.
const ANSWER_MAX: u64 = 1_024;

/// For commands that destroy something: flattened into their `Args`.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Confirm {
    /// Do not ask whether it is meant: for scripts
    #[arg(long, short)]
    yes: bool,
}

impl Confirm {
    /// Returns only if it is meant. `what` is a sentence without a full stop that names everything that will be
    /// lost. No transaction may be open, because an answer can take its time.
    pub fn ask(self, what: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let (input, output) = (std::io::stdin(), std::io::stderr());
        if !(input.is_terminal() && output.is_terminal()) {
            return Err(Failure::usage(format!(
                "{what}, and this cannot be undone; nothing was changed"
            ))
            .hint("say --yes if it is meant")
            .into());
        }
        match put(what, &mut input.lock(), &mut output.lock()).context("cannot ask")? {
            Answer::Yes => Ok(()),
            Answer::No => {
                Err(Failure::new(Kind::Failed, "it was not confirmed; nothing was changed").into())
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
}

/// Puts the question and reads one line. The end of the input is a no.
fn put(what: &str, input: &mut impl BufRead, output: &mut impl Write) -> std::io::Result<Answer> {
    let what = escape::line(what);
    write!(output, "{what}.\nThis cannot be undone. Go on? [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    if input.take(ANSWER_MAX).read_line(&mut answer)? == 0 {
        // The cursor would stay behind the question.
        writeln!(output)?;
    }
    Ok(match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Yes,
        _ => Answer::No,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        let ask = |answer: &str| put("x", &mut answer.as_bytes(), &mut Vec::new()).unwrap();
        for yes in ["y\n", "YES\n", " yes \n", "y"] {
            assert_eq!(ask(yes), Answer::Yes, "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yep\n", "no\ny\n"] {
            assert_eq!(ask(no), Answer::No, "{no:?}");
        }
    }

    #[test]
    fn the_question_says_what_is_lost_and_cannot_act_on_the_terminal() {
        let mut asked = Vec::new();
        put("a\u{1b}[2Jb is lost", &mut &b""[..], &mut asked).unwrap();
        let asked = String::from_utf8(asked).unwrap();
        assert!(
            !asked.contains('\u{1b}') && asked.contains("b is lost.\n"),
            "{asked}"
        );
        assert!(asked.ends_with("[y/N] \n"), "{asked}");
    }
}

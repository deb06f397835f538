//! A crontab line that is one tick, and the block of lines in a crontab that is ours.
//!
//! A crontab belongs to its user: everything outside the block of the board, byte for byte, stays as it
//! is. Variables are set inside the command, because a `PATH=` line would hold for every later line.

use std::ops::Range;

use super::{Job, Mark, Ticked, is_plain};
use crate::board::id::Slug;
use crate::exit::Failure;
use crate::time::{self, Seconds};

const MINUTE: Seconds = 60;
const HOUR: Seconds = 3_600;
const DAY: Seconds = 86_400;

/// The longest command that every cron takes: Debian's refuses 1000 bytes with the end of line and of text.
const LONGEST: usize = 998;

/// What the lines around a block say that it is of. No board has a name that begins like the second.
fn of(ticked: &Ticked) -> &str {
    ticked.board().map_or("--all", Slug::as_str)
}

fn begin(ticked: &Ticked) -> String {
    format!("# BEGIN kanban {}", of(ticked))
}

fn end(ticked: &Ticked) -> String {
    format!("# END kanban {}", of(ticked))
}

/// The line by which a block is known as this home's.
pub fn seal(mark: &Mark) -> String {
    format!("# {}", mark.seal())
}

/// The block of a board.
pub fn block(job: &Job) -> Result<String, Failure> {
    let ticked = &job.mark.ticked;
    Ok(format!(
        "{}\n{}\n{} {}\n{}\n",
        begin(ticked),
        seal(&job.mark),
        schedule(job.every)?,
        command(job)?,
        end(ticked)
    ))
}

fn schedule(every: Seconds) -> Result<String, Failure> {
    match every {
        MINUTE => Ok("* * * * *".into()),
        s if s < HOUR && HOUR % s == 0 && s % MINUTE == 0 => {
            Ok(format!("*/{} * * * *", s / MINUTE))
        }
        HOUR => Ok("0 * * * *".into()),
        s if s < DAY && DAY % s == 0 && s % HOUR == 0 => Ok(format!("0 */{} * * *", s / HOUR)),
        DAY => Ok("0 0 * * *".into()),
        other => Err(Failure::usage(format!(
            "cron cannot run something every {}",
            time::humane(other)
        ))
        .hint(
            "--every 1m, 2m, 3m, 4m, 5m, 6m, 10m, 12m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d, or --kind systemd",
        )),
    }
}

fn command(job: &Job) -> Result<String, Failure> {
    let variables = job.environment.iter().map(|(n, v)| format!("{n}={v}"));
    let words = std::iter::once("env".to_owned())
        .chain(variables)
        .chain(std::iter::once(job.program.to_string()))
        .chain(job.arguments().into_iter().map(str::to_owned));
    let words: Vec<String> = words.map(|word| shell_word(&word)).collect();
    let command = words.join(" ");
    if command.contains('\\') {
        return Err(Failure::usage(format!(
            "there is a backslash in {command}, and no two crons agree on what that means"
        ))
        .hint("take it out of PATH or of the names of the files, or use --kind systemd"));
    }
    // To cron a percent sign ends the command, inside quotes too.
    let command = command.replace('%', "\\%");
    if command.len() > LONGEST {
        return Err(Failure::usage(format!(
            "the command has {} bytes and cron takes {LONGEST}; PATH is most likely the long part",
            command.len()
        ))
        .hint("PATH=/usr/local/bin:/usr/bin:/bin kanban timer …, or --kind systemd"));
    }
    Ok(command)
}

/// A word for any shell, for cron runs what SHELL says, and without a backslash, which is cron's own.
pub fn shell_word(word: &str) -> String {
    if is_plain(word) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

/// Where the block of a board is in a crontab. A block that somebody has damaged is an error: cutting at a
/// guess could take other lines with it.
pub fn find(crontab: &[u8], ticked: &Ticked) -> Result<Option<Range<usize>>, Failure> {
    let (begin, end) = (begin(ticked), end(ticked));
    let damaged = |what: &str| {
        Failure::refused(format!("the crontab is not as it was left: {what}")).hint(format!(
            "crontab -e, and take out what belongs to \"{begin}\""
        ))
    };
    let (mut start, mut found, mut at) = (None, None, 0);
    for line in crontab.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii_end();
        if text == begin.as_bytes() {
            if start.is_some() || found.is_some() {
                return Err(damaged(&format!("there are two lines \"{begin}\"")));
            }
            start = Some(at);
        } else if text == end.as_bytes() {
            let Some(start) = start.take() else {
                return Err(damaged(&format!("\"{end}\" stands without its beginning")));
            };
            found = Some(start..at + line.len());
        } else if start.is_some() && text.starts_with(b"# BEGIN ") {
            return Err(damaged(&format!("another block begins before \"{end}\"")));
        }
        at += line.len();
    }
    match start {
        Some(_) => Err(damaged(&format!("\"{end}\" is missing"))),
        None => Ok(found),
    }
}

/// The crontab with `block` in the place of the old one, or at its end; without any if `block` is empty.
pub fn replace(crontab: &[u8], old: Option<Range<usize>>, block: &str) -> Vec<u8> {
    let place = old.unwrap_or(crontab.len()..crontab.len());
    let mut new = crontab[..place.start].to_vec();
    if !block.is_empty() && new.last().is_some_and(|b| *b != b'\n') {
        new.push(b'\n');
    }
    new.extend_from_slice(block.as_bytes());
    new.extend_from_slice(&crontab[place.end..]);
    new
}

#[cfg(test)]
mod tests {
    use super::super::{Text, odd_job};
    use super::*;

    fn slug(name: &str) -> Ticked {
        Ticked::Board(name.parse().unwrap())
    }

    #[test]
    fn what_has_a_meaning_to_cron_or_a_shell_is_taken_as_it_is() {
        assert_eq!(
            block(&odd_job(300)).unwrap(),
            r#"# BEGIN kanban web-1
# kanban timer: board web-1 of /h/my 100% "boards"
*/5 * * * * env 'PATH=/usr/bin:/h/a b:/50\%d:/$x:/"q":/界' HOME=/h '/opt/q $x 50\%/kanban' tick --board web-1 --config '/h/it'"'"'s $HOME & <é>.toml'
# END kanban web-1
"#
        );
    }

    #[test]
    fn only_intervals_that_a_crontab_can_say_are_taken() {
        for (every, spelled) in [
            (60, "* * * * *"),
            (600, "*/10 * * * *"),
            (3600, "0 * * * *"),
            (21_600, "0 */6 * * *"),
            (86_400, "0 0 * * *"),
        ] {
            assert_eq!(schedule(every).unwrap(), spelled);
        }
        for bad in [1, 30, 90, 420, 5400, 18_000, 172_800] {
            let error = schedule(bad).unwrap_err().to_string();
            assert!(error.contains("--kind systemd"), "{error}");
        }
    }

    #[test]
    fn what_some_cron_would_not_take_is_refused() {
        let mut job = odd_job(60);
        job.environment[0].1 = Text::new("", "/a\\b").unwrap();
        assert!(block(&job).unwrap_err().to_string().contains("backslash"));
        job.environment[0].1 = Text::new("", "/a:".repeat(400)).unwrap();
        assert!(block(&job).unwrap_err().to_string().contains("998"));
    }

    #[test]
    fn a_block_comes_and_goes_and_nothing_else_changes() {
        let ours = block(&odd_job(60)).unwrap();
        for others in [
            &b""[..],
            b"# mine\n\n0 1 * * * \xff\n",
            b"# BEGIN kanban web\n* * * * * x\n# END kanban web\n",
        ] {
            let with = replace(others, find(others, &slug("web-1")).unwrap(), &ours);
            let place = find(&with, &slug("web-1")).unwrap();
            assert_eq!(with[place.clone().unwrap()], *ours.as_bytes());
            assert_eq!(replace(&with, place.clone(), &ours), with);
            assert_eq!(replace(&with, place, ""), others);
        }
        let between = [&b"a\n"[..], ours.as_bytes(), b"z\n"].concat();
        let place = find(&between, &slug("web-1")).unwrap();
        assert_eq!(replace(&between, place, ""), b"a\nz\n");
        assert_eq!(replace(b"a", None, "b\n"), b"a\nb\n");
    }

    #[test]
    fn a_damaged_block_is_left_alone() {
        for bad in [
            "# BEGIN kanban b\nx\n",
            "# END kanban b\n",
            "# BEGIN kanban b\n# BEGIN kanban b\n# END kanban b\n",
            "# BEGIN kanban b\n# BEGIN kanban c\n# END kanban c\n# END kanban b\n",
            "# BEGIN kanban b\n# END kanban b\n# BEGIN kanban b\n# END kanban b\n",
        ] {
            let error = find(bad.as_bytes(), &slug("b")).unwrap_err().to_string();
            assert!(error.contains("crontab -e"), "{error}");
        }
        assert_eq!(find(b"# BEGIN kanban bc\n", &slug("b")).unwrap(), None);
    }
}

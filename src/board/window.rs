//! Hours in which a worker may be started, such as `Mon-Fri 22:00-06:00` or `Sat Sun, 12:00-13:00`.
//!
//! Days and hours are those of the local time zone; whoever knows it hands them in. What runs when a window
//! closes goes on.

use std::fmt;
use std::str::FromStr;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// One or several stretches of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    text: String,
    stretches: Vec<Stretch>,
}

/// The same hours on some days; `to` at or before `from` is on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    days: [bool; 7],
    from: u16,
    to: u16,
}

impl Window {
    /// Whether it is open at a minute of a day; Monday is 0.
    pub fn is_open(&self, day: u8, minute: u16) -> bool {
        let today = usize::from(day % 7);
        let yesterday = (today + 6) % 7;
        self.stretches.iter().any(|s| {
            let over_night = s.to <= s.from;
            let ends = if over_night { DAY } else { s.to };
            (s.days[today] && (s.from..ends).contains(&minute))
                || (over_night && s.days[yesterday] && minute < s.to)
        })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let stretches = text
            .split(',')
            .map(stretch)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|why| {
                format!("{text:?} is no window such as \"Mon-Fri 22:00-06:00, Sat Sun\": {why}")
            })?;
        Ok(Self {
            text: text.to_owned(),
            stretches,
        })
    }
}

fn stretch(text: &str) -> Result<Stretch, String> {
    let (mut days, mut hours) = ([false; 7], None);
    for word in text.split_whitespace() {
        if word.contains(':') {
            if hours.is_some() {
                return Err("two times of day in one part; write a comma between them".into());
            }
            let (from, to) = word
                .split_once('-')
                .ok_or("hours are written as 22:00-06:00")?;
            hours = Some((minute(from)?, minute(to)?));
        } else {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            let (mut at, last) = (day(first)?, day(last)?);
            loop {
                days[at] = true;
                if at == last {
                    break;
                }
                at = (at + 1) % 7;
            }
        }
    }
    if hours.is_none() && !days.contains(&true) {
        return Err("a part is empty".into());
    }
    if !days.contains(&true) {
        days = [true; 7];
    }
    let (from, to) = hours.unwrap_or((0, DAY));
    Ok(Stretch { days, from, to })
}

fn day(name: &str) -> Result<usize, String> {
    let lower = name.to_ascii_lowercase();
    NAMES
        .iter()
        .position(|n| lower == *n)
        .ok_or_else(|| format!("{name:?} is no day; there are {}", NAMES.join(" ")))
}

fn minute(text: &str) -> Result<u16, String> {
    let bad = || format!("{text:?} is no time of day such as 06:00");
    let (hours, minutes) = text.split_once(':').ok_or_else(bad)?;
    let number = |t: &str| t.parse::<u16>().ok().filter(|_| t.len() == 2);
    match (number(hours), number(minutes)) {
        (Some(h), Some(m)) if m < 60 && (h < 24 || (h == 24 && m == 0)) => Ok(h * 60 + m),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(window: &str, day: u8, time: &str) -> bool {
        window
            .parse::<Window>()
            .unwrap()
            .is_open(day, minute(time).unwrap())
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let nights = "Mon-Fri 22:00-06:00";
        assert!(open(nights, 0, "22:00") && open(nights, 1, "05:59") && open(nights, 5, "05:00"));
        assert!(
            !open(nights, 0, "05:00") && !open(nights, 1, "06:00") && !open(nights, 5, "23:00")
        );
    }

    #[test]
    fn days_hours_and_several_parts() {
        assert!(open("Sat Sun", 6, "00:00") && !open("Sat Sun", 4, "23:59"));
        assert!(open("12:00-13:00", 3, "12:30") && !open("12:00-13:00", 3, "13:00"));
        assert!(open("fri-MON", 0, "10:00") && !open("fri-MON", 1, "10:00"));
        assert!(open("Mon 08:00-24:00, 00:00-01:00", 2, "00:30"));
        assert!(open("00:00-00:00", 2, "00:30"), "a whole day");
    }

    #[test]
    fn mistakes_are_told() {
        for (bad, why) in [
            ("", "empty"),
            ("Mon,", "empty"),
            ("Funday", "no day"),
            ("22:00", "hours are written"),
            ("25:00-26:00", "no time of day"),
            ("9:00-10:00", "no time of day"),
            ("08:00-09:00 10:00-11:00", "comma"),
        ] {
            let said = bad.parse::<Window>().unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }
}

//! Moments as people say them.
//!
//! | form | means |
//! | --- | --- |
//! | `now`, `@1767225600` | this second, Unix seconds |
//! | `3h ago`, `in 2h`, `+2h`, `-1 day` | a length from now; days and months are those of the calendar |
//! | `2h` | the same, in the direction that is asked for |
//! | `today`, `yesterday`, `tomorrow` | the beginning of that day |
//! | `monday`, `next fri`, `last sunday` | the nearest in the direction that is asked for; next and last are never today |
//! | any of these days, then `9:00`, `at 9`, `5pm`, `noon` | that time of that day |
//! | `18:00`, `5pm`, `noon` | the nearest in the direction that is asked for |
//! | `2026-12-24`, `2026-12-24 18:00`, `2026-12-24T18:00:00+01:00` | that moment |
//!
//! Without an offset it is the time of the clocks here. A time that they skip in spring is as much later as they
//! skip, and of one that they show twice in autumn the first is meant.
//!
//! The words are read here and the arithmetic is that of `jiff`. The crate that knows the words of `date(1)` would
//! bring a second date library with it, and takes `10` for ten o'clock today.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, Timestamp, ToSpan, ZonedDateTime};

use super::Seconds;

/// Where to look for what is named without a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    /// What is still to come.
    Ahead,
    /// What has passed.
    Back,
}

/// The longest text that can be a moment.
const LEN_MAX: usize = 100;

/// The moment that is said at `now`.
pub fn parse(text: &str, now: &ZonedDateTime, lean: Lean) -> Result<Seconds, String> {
    let said = text.trim().to_ascii_lowercase();
    let found = match said.len() <= LEN_MAX {
        true => absolute(text.trim(), now)
            .or_else(|| relative(&said, now, lean))
            .or_else(|| named(&said, now, lean)),
        false => None,
    };
    found.ok_or_else(|| {
        let examples = match lean {
            Lean::Ahead => "\"in 2h\", \"tomorrow 9:00\", \"monday\"",
            Lean::Back => "\"3h ago\", \"yesterday 9:00\", \"monday\"",
        };
        format!(
            "{text:?} is not a time; write {examples}, \"2026-12-24 18:00\", 2026-12-24T18:00:00+01:00 or @UNIX"
        )
    })
}

fn absolute(text: &str, now: &ZonedDateTime) -> Option<Seconds> {
    if let Some(unix) = text.strip_prefix('@') {
        let instant = Timestamp::from_second(unix.parse().ok()?).ok()?;
        return Some(instant.as_second());
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_second());
    }
    if let Ok(zoned) = text.parse::<ZonedDateTime>() {
        return Some(zoned.timestamp().as_second());
    }
    on_the_clocks(text.parse::<DateTime>().ok()?, now)
}

fn relative(said: &str, now: &ZonedDateTime, lean: Lean) -> Option<Seconds> {
    if said == "now" {
        return Some(now.timestamp().as_second());
    }
    let (length, lean) = if let Some(length) = said.strip_suffix(" ago") {
        (length, Lean::Back)
    } else if let Some(length) = said.strip_prefix("in ").or(said.strip_prefix('+')) {
        (length, Lean::Ahead)
    } else if let Some(length) = said.strip_prefix('-') {
        (length, Lean::Back)
    } else {
        (said, lean)
    };
    let length: Span = length.trim().parse().ok()?;
    // A second sign would turn it round again.
    if length.is_negative() {
        return None;
    }
    let at = match lean {
        Lean::Ahead => now.checked_add(length),
        Lean::Back => now.checked_sub(length),
    };
    Some(at.ok()?.timestamp().as_second())
}

/// A day by its name, a time of a day, or both.
fn named(said: &str, now: &ZonedDateTime, lean: Lean) -> Option<Seconds> {
    let mut words: Vec<&str> = said.split_whitespace().collect();
    let day = Day::take(&mut words);
    let only_at = words.first() == Some(&"at");
    if only_at {
        words.remove(0);
    }
    let time = match (words.concat().as_str(), day) {
        ("", Some(_)) if !only_at => Time::midnight(),
        (clock, day) => time_of_day(clock, day.is_some())?,
    };
    let here = now.date();
    let at = |date: Date| on_the_clocks(date.to_datetime(time), now);
    match day {
        Some(Day::At(days)) => at(here.checked_add(days.days()).ok()?),
        Some(Day::Next(weekday)) => at(here.nth_weekday(1, weekday).ok()?),
        Some(Day::Last(weekday)) => at(here.nth_weekday(-1, weekday).ok()?),
        Some(Day::Nearest(weekday)) => {
            let day = |steps| match steps {
                0 => (here.weekday() == weekday).then_some(here),
                _ => here.nth_weekday(steps, weekday).ok(),
            };
            nearest(day, at, now, lean)
        }
        None => nearest(|steps| here.checked_add(steps.days()).ok(), at, now, lean),
    }
}

/// The first moment in this direction, on today or on the next day that fits; `day` says which day is so many
/// steps away.
fn nearest(
    day: impl Fn(i32) -> Option<Date>,
    at: impl Fn(Date) -> Option<Seconds>,
    now: &ZonedDateTime,
    lean: Lean,
) -> Option<Seconds> {
    let now = now.timestamp().as_second();
    let further = match lean {
        Lean::Ahead => 1,
        Lean::Back => -1,
    };
    [0, further]
        .into_iter()
        .filter_map(|steps| at(day(steps)?))
        .find(|at| match lean {
            Lean::Ahead => *at > now,
            Lean::Back => *at <= now,
        })
}

#[derive(Debug, Clone, Copy)]
enum Day {
    /// So many days from today.
    At(i32),
    Next(Weekday),
    Last(Weekday),
    Nearest(Weekday),
}

impl Day {
    /// Takes the words of a day from the front.
    fn take(words: &mut Vec<&str>) -> Option<Self> {
        let first = *words.first()?;
        let second = words.get(1).and_then(|word| weekday(word));
        let (day, taken) = match (first, second) {
            ("today", _) => (Self::At(0), 1),
            ("tomorrow", _) => (Self::At(1), 1),
            ("yesterday", _) => (Self::At(-1), 1),
            ("next", Some(weekday)) => (Self::Next(weekday), 2),
            ("last", Some(weekday)) => (Self::Last(weekday), 2),
            _ => (Self::Nearest(weekday(first)?), 1),
        };
        words.drain(..taken);
        Some(day)
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tues" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// `9:00`, `21:00:30`, `9pm`, `9:30am`, `noon`, `midnight`; after a day also `9`, which alone could be anything.
fn time_of_day(clock: &str, after_a_day: bool) -> Option<Time> {
    match clock {
        "noon" => return Time::new(12, 0, 0, 0).ok(),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let (digits, half) = if let Some(digits) = clock.strip_suffix("am") {
        (digits, Some(0))
    } else if let Some(digits) = clock.strip_suffix("pm") {
        (digits, Some(12))
    } else {
        (clock, None)
    };
    let parts: Vec<i8> = digits
        .split(':')
        .map(|part| match part.len() {
            1 | 2 if part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (hour, minute, second) = match *parts.as_slice() {
        [hour] if half.is_some() || after_a_day => (hour, 0, 0),
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        None => hour,
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
    };
    Time::new(hour, minute, second, 0).ok()
}

fn on_the_clocks(local: DateTime, now: &ZonedDateTime) -> Option<Seconds> {
    let instant = now.time_zone().to_timestamp(local).ok()?;
    Some(instant.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    /// A Tuesday.
    const NOW: &str = "2026-11-24T15:30:00+01:00[Europe/Berlin]";

    fn said(text: &str, now: &str, lean: Lean) -> String {
        let now: ZonedDateTime = now.parse().unwrap();
        match parse(text, &now, lean) {
            Ok(at) => {
                let at = Timestamp::from_second(at).unwrap();
                let local = at.to_zoned_datetime(now.time_zone().clone());
                local.strftime("%a %F %T").to_string()
            }
            Err(why) => why,
        }
    }

    #[test]
    fn what_is_still_to_come() {
        for (text, at) in [
            ("now", "Tue 2026-11-24 15:30:00"),
            ("2h", "Tue 2026-11-24 17:30:00"),
            (" IN 2 hours ", "Tue 2026-11-24 17:30:00"),
            ("+1h 30m", "Tue 2026-11-24 17:00:00"),
            ("2 days", "Thu 2026-11-26 15:30:00"),
            ("in 1 month", "Thu 2026-12-24 15:30:00"),
            ("0s", "Tue 2026-11-24 15:30:00"),
            ("3h ago", "Tue 2026-11-24 12:30:00"),
            ("today", "Tue 2026-11-24 00:00:00"),
            ("tomorrow", "Wed 2026-11-25 00:00:00"),
            ("Tomorrow 9:00", "Wed 2026-11-25 09:00:00"),
            ("tomorrow at 9", "Wed 2026-11-25 09:00:00"),
            ("tomorrow at 9:30 pm", "Wed 2026-11-25 21:30:00"),
            ("18:00", "Tue 2026-11-24 18:00:00"),
            ("15:30", "Wed 2026-11-25 15:30:00"),
            ("9am", "Wed 2026-11-25 09:00:00"),
            ("at noon", "Wed 2026-11-25 12:00:00"),
            ("12am", "Wed 2026-11-25 00:00:00"),
            ("12pm", "Wed 2026-11-25 12:00:00"),
            ("midnight", "Wed 2026-11-25 00:00:00"),
            ("friday", "Fri 2026-11-27 00:00:00"),
            ("tuesday", "Tue 2026-12-01 00:00:00"),
            ("tuesday 18:00", "Tue 2026-11-24 18:00:00"),
            ("tue at 9", "Tue 2026-12-01 09:00:00"),
            ("next tuesday 18:00", "Tue 2026-12-01 18:00:00"),
            ("last fri", "Fri 2026-11-20 00:00:00"),
            ("2026-12-24", "Thu 2026-12-24 00:00:00"),
            ("2026-12-24 18:00", "Thu 2026-12-24 18:00:00"),
            ("2026-12-24T18:00", "Thu 2026-12-24 18:00:00"),
            ("2026-12-24T18:00:00Z", "Thu 2026-12-24 19:00:00"),
            ("2026-12-24T18:00:00+01:00", "Thu 2026-12-24 18:00:00"),
            ("2026-12-24T18:00[Asia/Tokyo]", "Thu 2026-12-24 10:00:00"),
            ("@1798131600", "Thu 2026-12-24 18:00:00"),
        ] {
            assert_eq!(said(text, NOW, Lean::Ahead), at, "{text}");
        }
    }

    #[test]
    fn what_has_passed() {
        for (text, at) in [
            ("3h", "Tue 2026-11-24 12:30:00"),
            ("3 hours ago", "Tue 2026-11-24 12:30:00"),
            ("in 2h", "Tue 2026-11-24 17:30:00"),
            ("yesterday", "Mon 2026-11-23 00:00:00"),
            ("yesterday 18:00", "Mon 2026-11-23 18:00:00"),
            ("18:00", "Mon 2026-11-23 18:00:00"),
            ("15:30", "Tue 2026-11-24 15:30:00"),
            ("tuesday", "Tue 2026-11-24 00:00:00"),
            ("last tuesday", "Tue 2026-11-17 00:00:00"),
            ("tuesday 18:00", "Tue 2026-11-17 18:00:00"),
            ("monday", "Mon 2026-11-23 00:00:00"),
        ] {
            assert_eq!(said(text, NOW, Lean::Back), at, "{text}");
        }
    }

    #[test]
    fn clocks_that_are_put_forward_or_back() {
        let spring = "2027-03-27T12:00:00+01:00[Europe/Berlin]";
        // Skipped: as much later.
        assert_eq!(
            said("tomorrow 2:30", spring, Lean::Ahead),
            "Sun 2027-03-28 03:30:00"
        );
        // A day of the calendar has 23 hours then.
        assert_eq!(
            said("1 day", spring, Lean::Ahead),
            "Sun 2027-03-28 12:00:00"
        );
        assert_eq!(said("24h", spring, Lean::Ahead), "Sun 2027-03-28 13:00:00");
        // Shown twice: the first.
        let autumn: ZonedDateTime = "2027-10-30T12:00:00+02:00[Europe/Berlin]".parse().unwrap();
        let first: Timestamp = "2027-10-31T02:30:00+02:00".parse().unwrap();
        assert_eq!(
            parse("tomorrow 2:30", &autumn, Lean::Ahead),
            Ok(first.as_second())
        );
    }

    #[test]
    fn what_is_no_time_is_told_with_examples() {
        for bad in [
            "",
            " ",
            "soon",
            "9",
            "25:00",
            "9:60",
            "13pm",
            "0am",
            "tomorrow at",
            "at",
            "next",
            "next week",
            "last",
            "monday tuesday",
            "tomorrow tomorrow",
            "in -2h",
            "--2h",
            "@99999999999999",
            "+-2h",
            "2h ago ago",
            "@",
            "@x",
            "2026-13-01",
            "9:0:0:0",
            "tomorrow 9 : x",
            "1e9h",
            "in",
            "ago",
            "999999999999 years",
        ] {
            for lean in [Lean::Ahead, Lean::Back] {
                let why = said(bad, NOW, lean);
                assert!(why.contains("is not a time; write \""), "{bad}: {why}");
            }
        }
        assert!(said("soon", NOW, Lean::Ahead).contains("\"tomorrow 9:00\""));
        assert!(said("soon", NOW, Lean::Back).contains("\"3h ago\""));
    }

    fn words() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            Just("now".to_owned()),
            Just("in".into()),
            Just("ago".into()),
            Just("at".into()),
            Just("next".into()),
            Just("last".into()),
            Just("tomorrow".into()),
            Just("yesterday".into()),
            Just("sunday".into()),
            Just("noon".into()),
            "[0-9]{1,3}(:[0-9]{1,3}){0,3}(am|pm)?",
            "[+-]?[0-9]{1,19} ?(s|m|h|days|months|years)",
            "@-?[0-9]{1,25}",
            "[0-9]{4}-[0-9]{2}-[0-9]{2}",
            "\\PC{0,8}",
        ];
        proptest::collection::vec(word, 0..5).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_at_any_time_is_more_than_an_error(
            text in words(), now in -377_705_023_201_i64..=253_402_207_200, back: bool,
        ) {
            let zone = TimeZone::get("America/St_Johns").unwrap();
            let now = Timestamp::from_second(now).unwrap().to_zoned_datetime(zone);
            let lean = if back { Lean::Back } else { Lean::Ahead };
            let _ = parse(&text, &now, lean);
        }

        #[test]
        fn a_time_of_day_is_within_a_day_in_the_direction_that_is_asked_for(
            hour in 0..24, minute in 0..60, now in 0_i64..4_000_000_000, back: bool,
        ) {
            let zone = TimeZone::get("America/St_Johns").unwrap();
            let now = Timestamp::from_second(now).unwrap().to_zoned_datetime(zone);
            let lean = if back { Lean::Back } else { Lean::Ahead };
            let at = parse(&format!("{hour}:{minute:02}"), &now, lean).unwrap();
            let away = at - now.timestamp().as_second();
            // A day has 25 hours when the clocks are put back, and a skipped time is an hour later.
            let away = if back { -away } else { away };
            prop_assert!((0..=26 * 3_600).contains(&away), "{away}");
        }
    }
}

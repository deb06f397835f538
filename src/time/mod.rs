//! The clock, and how people and configuration files spell times and durations. Moments are parsed in
//! [`spoken`], and nowhere else.
//!
//! The wall clock is read in one place and passed down as Unix seconds; `KANBAN_NOW` (Unix seconds)
//! fixes it for tests. Durations inside a process use `std::time::Instant` and do not come from here.

use anyhow::Result;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime, tz::TimeZone};

use crate::exit::Failure;
use spoken::Lean;

mod spoken;

/// Unix seconds, the unit of every time on a board.
pub type Seconds = i64;

/// The current time, read once per command.
pub fn now() -> Result<Seconds> {
    match std::env::var("KANBAN_NOW") {
        Ok(fixed) => Ok(fixed.parse().map_err(|_| {
            Failure::usage(format!(
                "KANBAN_NOW is {fixed:?}, not a number of Unix seconds"
            ))
        })?),
        Err(_) => Ok(Timestamp::now().as_second()),
    }
}

/// The system's clock, which tests cannot fix: to compare with times that the system itself prints.
pub fn clock() -> Seconds {
    Timestamp::now().as_second()
}

/// Parses a time of UTC as ctime(3) and `ps` print it: `Mon Nov 30 17:31:55 2026`.
pub fn parse_ctime(text: &str) -> Option<Seconds> {
    let time = DateTime::strptime("%a %b %d %H:%M:%S %Y", text).ok()?;
    let time = TimeZone::UTC.to_timestamp(time).ok()?;
    Some(time.as_second())
}

/// Parses a spoken duration (`90s`, `15m`, `1h 30m`, `2 days`) into whole seconds, zero or more.
///
/// A day is 24 hours and a week 7 days; months and years have no fixed length and are refused.
pub fn duration(text: &str) -> Result<Seconds, String> {
    let spelled = || format!("{text:?} is not a duration such as 90s, 15m or \"1h 30m\"");
    let span: Span = text.trim().parse().map_err(|_| spelled())?;
    let exact: SignedDuration = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| spelled())?;
    if exact.is_negative() {
        return Err(format!("{text:?} is negative"));
    }
    if exact.subsec_nanos() != 0 {
        return Err(format!("{text:?} is finer than a second"));
    }
    Ok(exact.as_secs())
}

/// The shortest exact spelling of a number of seconds that [`duration`] reads back.
pub fn spell(seconds: Seconds) -> String {
    for (unit, name) in [(86_400, "d"), (3_600, "h"), (60, "m")] {
        if seconds >= unit && seconds % unit == 0 {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

/// A length of time for people: two units at most (`2h 5m`, `41s`).
pub fn humane(seconds: Seconds) -> String {
    let s = seconds.max(0);
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m {}s", s / 60, s % 60).replace(" 0s", ""),
        3_600..86_400 => format!("{}h {}m", s / 3_600, s % 3_600 / 60).replace(" 0m", ""),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3_600).replace(" 0h", ""),
    }
}

/// Parses a moment as people say it. A length without a direction and a time of day without a day are the next
/// ones: `2h`, `9:00`. See [`spoken`] for the forms.
pub fn moment(text: &str, now: Seconds) -> Result<Seconds, String> {
    spoken::parse(text, &here(now), Lean::Ahead)
}

/// [`moment()`] for what has passed: without a direction it is the last one.
pub fn past(text: &str, now: Seconds) -> Result<Seconds, String> {
    spoken::parse(text, &here(now), Lean::Back)
}

/// A moment on the clocks of this place.
fn here(now: Seconds) -> ZonedDateTime {
    Timestamp::from_second(now)
        .unwrap_or_default()
        .to_zoned_datetime(TimeZone::system())
}

/// A date of an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
pub fn http_date(text: &str) -> Option<Seconds> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(at.timestamp().as_second())
}

/// A moment for programs: RFC 3339 in UTC.
pub fn rfc3339(seconds: Seconds) -> String {
    Timestamp::from_second(seconds)
        .unwrap_or_default()
        .to_string()
}

/// The day of the week (Monday is 0) and the minute of the day of a moment, in local time.
pub fn week_minute(seconds: Seconds) -> (u8, u16) {
    let at = TimeZone::system().to_datetime(Timestamp::from_second(seconds).unwrap_or_default());
    let day = at.weekday().to_monday_zero_offset().unsigned_abs();
    let minute = i16::from(at.hour()) * 60 + i16::from(at.minute());
    (day, minute.unsigned_abs())
}

/// The time zone of this machine, by a name that other programs know too; without such a name, UTC.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The one that this machine is set to.
    pub fn here() -> Self {
        let zone = TimeZone::system();
        match zone.iana_name() {
            Some(_) => Self(zone),
            None => Self(TimeZone::UTC),
        }
    }

    /// Its name in the database of time zones, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day of a moment, as `2026-12-24`.
    pub fn day(&self, seconds: Seconds) -> String {
        let at = Timestamp::from_second(seconds).unwrap_or_default();
        self.0.to_datetime(at).date().to_string()
    }

    /// The days up to the one of a moment, oldest first.
    pub fn days(&self, until: Seconds, count: usize) -> Vec<String> {
        let at = Timestamp::from_second(until).unwrap_or_default();
        let mut days: Vec<String> = self
            .0
            .to_datetime(at)
            .date()
            .series(Span::new().days(-1))
            .take(count)
            .map(|day| day.to_string())
            .collect();
        days.reverse();
        days
    }

    /// A moment for people, in this zone with its offset.
    pub fn text(&self, seconds: Seconds) -> String {
        let at = Timestamp::from_second(seconds).unwrap_or_default();
        let zoned = at.to_zoned_datetime(self.0.clone());
        zoned.strftime("%Y-%m-%d %H:%M %:z").to_string()
    }
}

/// How far away a moment is, for people: `3h 5m ago`, `in 2h`, `now`.
pub fn away(at: Seconds, now: Seconds) -> String {
    match now.saturating_sub(at) {
        0 => "now".to_owned(),
        past @ 1.. => format!("{} ago", humane(past)),
        ahead => format!("in {}", humane(ahead.saturating_neg())),
    }
}

/// A moment for people, in local time with its offset.
pub fn local(seconds: Seconds) -> String {
    match Timestamp::from_second(seconds) {
        Ok(t) => t
            .to_zoned_datetime(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string(),
        Err(_) => format!("@{seconds}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_and_read_back() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("1h 30m", 5400),
            ("2 days", 172_800),
            ("1w", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(seconds), "{text}");
            assert_eq!(duration(&spell(seconds)), Ok(seconds), "{text}");
        }
        for bad in ["", "soon", "-5m", "1 month", "500ms", "5"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_of_headers_are_read_and_moments_written_for_programs() {
        assert_eq!(
            http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
        assert_eq!(http_date("next week"), None);
        assert_eq!(rfc3339(1_767_225_600), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn days_are_those_of_a_zone_even_when_its_clocks_change() {
        let zone = Zone(TimeZone::get("Europe/Berlin").unwrap());
        assert_eq!(zone.name(), "Europe/Berlin");
        // 2026-03-29 has 23 hours there.
        let noon = 1_774_778_400;
        assert_eq!(zone.text(noon), "2026-03-29 12:00 +02:00");
        assert_eq!(
            zone.days(noon, 3),
            ["2026-03-27", "2026-03-28", "2026-03-29"]
        );
        assert_eq!(zone.day(noon - 12 * 3_600), "2026-03-28");
        assert_eq!(zone.day(noon - 11 * 3_600), "2026-03-29");
    }

    #[test]
    fn a_moment_is_so_far_away() {
        assert_eq!(away(100, 100), "now");
        assert_eq!(away(40, 100), "1m ago");
        assert_eq!(away(7_300, 100), "in 2h");
        assert_eq!(away(i64::MIN, i64::MAX), "106751991167300d 15h ago");
        assert!(away(i64::MAX, i64::MIN).starts_with("in "));
    }

    #[test]
    fn lengths_for_people_have_two_units_at_most() {
        assert_eq!(humane(0), "0s");
        assert_eq!(humane(60), "1m");
        assert_eq!(humane(125), "2m 5s");
        assert_eq!(humane(7500), "2h 5m");
        assert_eq!(humane(90_000), "1d 1h");
    }
}

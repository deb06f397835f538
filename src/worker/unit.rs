//! Whether the systemd unit that a tick runs in would take its workers along when the tick ends.
//!
//! A service that ends kills everything in its control group, whatever session it is in, unless its unit
//! says otherwise. Asked only when something is to be started, and only inside a unit.

use super::tool::Tool;
use crate::platform::{self, Unit};

/// What would happen to workers started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They live on.
    Live,
    /// They would be killed when the tick ends, or that cannot be told; why.
    Killed(String),
}

/// Asks the unit that this process is in.
pub fn fate() -> Fate {
    match platform::service_unit() {
        None => Fate::Live,
        Some(unit) => ask(&unit),
    }
}

fn ask(unit: &Unit) -> Fate {
    let shown = &unit.name;
    let mut arguments = vec!["show", "--property=Type,KillMode,MainPID", shown.as_str()];
    if unit.of_user {
        arguments.insert(0, "--user");
    }
    let answer = match Tool::new("systemctl", arguments).run() {
        Ok(Some(output)) if output.success => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(Some(output)) => return unknown(shown, &output.complaint),
        Ok(None) => return unknown(shown, "there is no systemctl"),
        Err(e) => return unknown(shown, &format!("{e:#}")),
    };
    judge(shown, &answer, std::process::id())
}

fn unknown(unit: &str, why: &str) -> Fate {
    Fate::Killed(format!(
        "whether the unit {unit} would kill workers when the tick ends cannot be told ({why})"
    ))
}

fn judge(unit: &str, answer: &str, own: u32) -> Fate {
    let value = |key: &str| {
        let mut lines = answer.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    let (Some(kind), Some(mode)) = (value("Type"), value("KillMode")) else {
        return unknown(unit, "systemctl said nothing about it");
    };
    // A service that is not over when the tick is lives on with all that is in it.
    let ends_with_us = kind == "oneshot" || value("MainPID") == Some(own.to_string().as_str());
    if matches!(mode, "process" | "none") || !ends_with_us {
        return Fate::Live;
    }
    Fate::Killed(format!(
        "the unit {unit} has KillMode={mode}, so systemd would kill every worker when the tick ends"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_unit_that_ends_with_the_tick_and_takes_all_along_is_refused() {
        let fate = |kind: &str, mode: &str, main: u32| {
            judge(
                "x.service",
                &format!("Type={kind}\nKillMode={mode}\nMainPID={main}\n"),
                7,
            )
        };
        assert_eq!(fate("oneshot", "process", 0), Fate::Live);
        assert_eq!(fate("oneshot", "none", 7), Fate::Live);
        assert_eq!(
            fate("simple", "control-group", 1),
            Fate::Live,
            "a service that lives on"
        );
        for (kind, mode, main) in [
            ("oneshot", "control-group", 0),
            ("oneshot", "mixed", 7),
            ("simple", "control-group", 7),
        ] {
            assert!(matches!(fate(kind, mode, main), Fate::Killed(why) if why.contains(mode)));
        }
        assert!(matches!(judge("x.service", "", 7), Fate::Killed(_)));
    }
}

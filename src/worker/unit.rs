//! What the systemd service that a tick runs in does with the processes that the tick leaves.
//!
//! A service that ends kills everything in its control group, whatever session it is in, unless its unit
//! says otherwise. Asked only when a worker is to be started, and only inside a unit.

use super::tool::Tool;
use super::unit_file::{self, Settings};
use crate::platform::{self, Unit, unit_path};

/// What would happen to workers started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// They live on.
    Live,
    /// They would be killed when the tick ends, or that cannot be told: why, and what to do.
    Killed(String),
}

/// What the systemd service that this process is in means for workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitPolicy {
    /// Whether workers outlive the tick.
    pub fate: Fate,
    /// `Delegate=yes`, so that a run may get its own cgroup below the unit's. In a unit of a user's manager
    /// a folder can be created without it, but systemd may then move or remove what is in there.
    pub delegated: bool,
}

/// What the unit of this process says. `None`: this process is not in a systemd service.
pub fn policy() -> Option<UnitPolicy> {
    let unit = platform::service_unit()?;
    Some(match settings(&unit) {
        Ok(found) => UnitPolicy {
            fate: fate_in(&unit.name, &found),
            delegated: found.settings.delegated,
        },
        Err(unknown) => UnitPolicy {
            fate: Fate::Killed(format!(
                "cannot tell whether systemd kills workers of the unit {} when the tick ends: {unknown}",
                unit.name
            )),
            delegated: false,
        },
    })
}

/// Whether workers started here outlive the tick.
pub fn fate() -> Fate {
    policy().map_or(Fate::Live, |policy| policy.fate)
}

/// The settings of a unit, and whether the service ends with this process.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    settings: Settings,
    is_main: bool,
}

/// Asks the manager, or reads the unit's files if the manager cannot be asked: without D-Bus, an ordinary user
/// has no way to ask the manager of the machine.
fn settings(unit: &Unit) -> Result<Found, String> {
    let no_answer = match ask(unit) {
        Ok(answer) => match read_answer(&answer, std::process::id()) {
            Some(found) => return Ok(found),
            None => "systemctl show: the manager has not loaded this unit".to_owned(),
        },
        Err(why) => why,
    };
    let folders = unit_path::search_path(unit);
    let advice = "start D-Bus so that systemctl can ask systemd";
    match unit_file::read(&unit.name, &folders) {
        Ok(Some(settings)) => Ok(Found {
            settings,
            is_main: unit_path::is_executed_by_manager(),
        }),
        Ok(None) => {
            let folders: Vec<_> = folders
                .iter()
                .map(|dir| dir.display().to_string())
                .collect();
            Err(format!(
                "{no_answer}, and no file of the unit is in {}; {advice}, or put the unit's file into one of these folders",
                folders.join(", ")
            ))
        }
        Err(e) => Err(format!(
            "{no_answer}, and the unit's file cannot be read ({e}); {advice}, or make the file readable for this user"
        )),
    }
}

fn ask(unit: &Unit) -> Result<String, String> {
    let mut arguments = vec![
        "show",
        "--property=LoadState,Type,KillMode,Delegate,MainPID",
        unit.name.as_str(),
    ];
    if unit.of_user {
        arguments.insert(0, "--user");
    }
    match Tool::new("systemctl", arguments).run() {
        Ok(Some(output)) if output.success => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(Some(output)) => Err(format!("systemctl show failed ({})", output.complaint)),
        Ok(None) => Err("there is no systemctl to ask systemd with".into()),
        Err(e) => Err(format!("systemctl show failed ({e:#})")),
    }
}

/// `None`: the manager does not know the unit, and states defaults for it.
fn read_answer(answer: &str, own: u32) -> Option<Found> {
    let value = |key: &str| {
        let mut lines = answer.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
    };
    if value("LoadState") == Some("not-found") {
        return None;
    }
    Some(Found {
        settings: Settings {
            kind: value("Type")?.to_owned(),
            kill_mode: value("KillMode")?.to_owned(),
            delegated: value("Delegate") == Some("yes"),
        },
        is_main: value("MainPID") == Some(own.to_string().as_str()),
    })
}

fn fate_in(unit: &str, found: &Found) -> Fate {
    let Settings {
        kind, kill_mode, ..
    } = &found.settings;
    // A service that is not over when the tick is lives on with all that is in it.
    let ends_with_us = kind == "oneshot" || found.is_main;
    if matches!(kill_mode.as_str(), "process" | "none") || !ends_with_us {
        return Fate::Live;
    }
    Fate::Killed(format!(
        "the unit {unit} has KillMode={kill_mode}, so systemd would kill every worker when the tick ends; set KillMode=process in its [Service] section, as kanban timer install does"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(answer: &str) -> Found {
        read_answer(answer, 7).unwrap()
    }

    #[test]
    fn only_a_unit_that_ends_with_the_tick_and_kills_its_cgroup_is_refused() {
        let fate = |kind: &str, mode: &str, main: u32| {
            let answer =
                format!("LoadState=loaded\nType={kind}\nKillMode={mode}\nMainPID={main}\n");
            fate_in("x.service", &found(&answer))
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
    }

    #[test]
    fn an_answer_states_delegation_and_one_about_an_unknown_unit_is_none() {
        let delegated = "Type=oneshot\nKillMode=process\nDelegate=yes\nMainPID=7\n";
        assert!(found(delegated).settings.delegated && found(delegated).is_main);
        assert!(
            !found("Type=oneshot\nKillMode=process\nDelegate=no\n")
                .settings
                .delegated
        );
        assert_eq!(read_answer("", 7), None);
        let defaults = "LoadState=not-found\nType=simple\nKillMode=control-group\nMainPID=0\n";
        assert_eq!(read_answer(defaults, 7), None);
    }
}

//! What the environment of a service states about its unit: where the unit's files are, and which process the
//! manager executed. Reads no unit file.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Unit;

/// The folders of a system unit, the first one having precedence (systemd.unit(5), "Unit File Load Path").
const OF_SYSTEM: [&str; 10] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The folders of a user's unit below `XDG_RUNTIME_DIR`, which come before those of the machine.
const OF_USER_AT_RUNTIME: [&str; 3] = [
    "systemd/user.control",
    "systemd/transient",
    "systemd/generator.early",
];

/// The folders of a user's unit that all users share.
const OF_ALL_USERS: [&str; 6] = [
    "/etc/systemd/user",
    "/run/systemd/user",
    "/usr/local/share/systemd/user",
    "/usr/share/systemd/user",
    "/usr/local/lib/systemd/user",
    "/usr/lib/systemd/user",
];

/// The folders in which the manager of this unit looks for its files.
pub fn search_path(unit: &Unit) -> Vec<PathBuf> {
    search_path_in(unit, &|name| std::env::var_os(name))
}

/// Whether the manager executed this very process, and not a process above it (systemd.exec(5)).
pub fn is_executed_by_manager() -> bool {
    std::env::var("SYSTEMD_EXEC_PID").is_ok_and(|pid| pid == std::process::id().to_string())
}

fn search_path_in(unit: &Unit, variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let usual = match unit.of_user {
        false => OF_SYSTEM.map(PathBuf::from).to_vec(),
        true => {
            let home = folder("HOME");
            let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
            let configs = folder("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
            let data = folder("XDG_DATA_HOME").or_else(|| below_home(".local/share"));
            let runtime = folder("XDG_RUNTIME_DIR");
            let below =
                |base: &Option<PathBuf>, path: &str| base.as_ref().map(|base| base.join(path));
            let control = below(&configs, "systemd/user.control").into_iter();
            control
                .chain(
                    OF_USER_AT_RUNTIME
                        .iter()
                        .filter_map(|path| below(&runtime, path)),
                )
                .chain(below(&configs, "systemd/user"))
                .chain(below(&runtime, "systemd/user"))
                .chain(below(&runtime, "systemd/generator"))
                .chain(below(&data, "systemd/user"))
                .chain(OF_ALL_USERS.map(PathBuf::from))
                .collect()
        }
    };
    match variable("SYSTEMD_UNIT_PATH") {
        None => usual,
        // A colon at the end stands for the usual folders.
        Some(value) => {
            let ends_open = value.is_empty() || value.as_encoded_bytes().ends_with(b":");
            let named = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty());
            named
                .chain(usual.into_iter().filter(|_| ends_open))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_path_follows_the_variables() {
        let unit = |of_user| Unit {
            name: "x.service".into(),
            of_user,
        };
        let path = |of_user, vars: &[(&str, &str)]| {
            let value = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
            let path = search_path_in(&unit(of_user), &value);
            let shown: Vec<String> = path.iter().map(|p| p.display().to_string()).collect();
            shown
        };
        assert_eq!(path(false, &[("HOME", "/h")]), OF_SYSTEM);
        assert_eq!(path(false, &[("SYSTEMD_UNIT_PATH", "/a:/b")]), ["/a", "/b"]);
        let open = path(false, &[("SYSTEMD_UNIT_PATH", "/a:")]);
        assert_eq!((open[0].as_str(), open.len()), ("/a", OF_SYSTEM.len() + 1));
        let user = path(true, &[("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")]);
        let at = |wanted: &str| user.iter().position(|found| found == wanted).unwrap();
        assert!(at("/r/systemd/transient") < at("/h/.config/systemd/user"));
        assert!(at("/h/.config/systemd/user") < at("/etc/systemd/user"));
        assert!(at("/etc/systemd/user") < at("/usr/lib/systemd/user"));
        assert_eq!(
            path(true, &[("XDG_CONFIG_HOME", "/c")])[1],
            "/c/systemd/user"
        );
    }
}

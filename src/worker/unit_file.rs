//! The settings of a systemd unit as its files state them (systemd.unit(5)).
//!
//! Only for the case that the manager cannot be asked. systemd acts on the settings that it loaded last, so
//! files that were edited without a `daemon-reload` give a wrong answer here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The settings of `[Service]` that decide what systemd does with the processes of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `Type=`.
    pub kind: String,
    /// `KillMode=`.
    pub kill_mode: String,
    /// `Delegate=`.
    pub delegated: bool,
}

impl Default for Settings {
    /// The defaults of systemd.service(5), systemd.kill(5) and systemd.resource-control(5).
    fn default() -> Self {
        Self {
            kind: "simple".into(),
            kill_mode: "control-group".into(),
            delegated: false,
        }
    }
}

impl Settings {
    /// Applies the assignments of one file. systemd ignores a value that it does not know, and so does this.
    pub fn apply(&mut self, text: &str) {
        for (key, value) in assignments(text) {
            match key.as_str() {
                "Type" if KINDS.contains(&value.as_str()) => self.kind = value,
                "KillMode" if KILL_MODES.contains(&value.as_str()) => self.kill_mode = value,
                // Anything else is a list of controllers, and even an empty one delegates.
                "Delegate" => {
                    self.delegated =
                        !matches!(value.as_str(), "0" | "no" | "n" | "false" | "f" | "off")
                }
                _ => {}
            }
        }
    }
}

const KINDS: [&str; 8] = [
    "simple",
    "exec",
    "forking",
    "oneshot",
    "dbus",
    "notify",
    "notify-reload",
    "idle",
];

const KILL_MODES: [&str; 4] = ["control-group", "mixed", "process", "none"];

/// The assignments in the section `[Service]`, in order.
fn assignments(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut in_service = false;
    for line in logical_lines(text) {
        let line = line.trim();
        if line.starts_with('[') {
            in_service = line == "[Service]";
        } else if in_service && let Some((key, value)) = line.split_once('=') {
            found.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

/// The lines without comments, each continued by a backslash at its end. A comment between a line and its
/// continuation does not end the line.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => {
                begun += part;
                begun.push(' ');
            }
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.push(begun);
    lines
}

/// Reads the settings of a service from its file and its drop-ins. `None`: no folder has a file for it.
pub fn read(name: &str, folders: &[PathBuf]) -> io::Result<Option<Settings>> {
    let template = template(name);
    let mut fragment = None;
    for file in std::iter::once(name).chain(template.as_deref()) {
        for folder in folders {
            if fragment.is_none() {
                fragment = read_if_there(&folder.join(file))?;
            }
        }
    }
    let Some(fragment) = fragment else {
        return Ok(None);
    };
    let mut settings = Settings::default();
    settings.apply(&fragment);
    for file in drop_ins(name, template.as_deref(), folders)?.values() {
        settings.apply(&read_if_there(file)?.unwrap_or_default());
    }
    Ok(Some(settings))
}

/// `name@.service` for `name@instance.service`.
fn template(name: &str) -> Option<String> {
    let (stem, instance) = name.split_once('@')?;
    let (instance, kind) = instance.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{stem}@.{kind}"))
}

/// The drop-ins by file name, in which order systemd applies them. Of two with the same name, the one in the
/// folder with precedence counts.
fn drop_ins(
    name: &str,
    template: Option<&str>,
    folders: &[PathBuf],
) -> io::Result<BTreeMap<OsString, PathBuf>> {
    let names: Vec<String> = std::iter::once(name)
        .chain(template)
        .flat_map(|name| std::iter::once(name.to_owned()).chain(prefixes(name)))
        .collect();
    let own = folders.iter().flat_map(|folder| {
        let folders = names.iter().map(|name| folder.join(format!("{name}.d")));
        folders.collect::<Vec<_>>()
    });
    let of_all_services = folders.iter().map(|folder| folder.join("service.d"));
    let mut found = BTreeMap::new();
    for folder in own.chain(of_all_services) {
        let entries = match std::fs::read_dir(&folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            other => other?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "conf")
                && let Some(file) = path.file_name()
            {
                found.entry(file.to_owned()).or_insert(path);
            }
        }
    }
    Ok(found)
}

/// `a-b-.service` and `a-.service` for `a-b-c.service`, the longest first.
fn prefixes(name: &str) -> Vec<String> {
    let Some((stem, kind)) = name.rsplit_once('.') else {
        return Vec::new();
    };
    let dashes = stem.rmatch_indices('-').map(|(at, _)| &stem[..=at]);
    dashes
        .filter(|prefix| *prefix != stem)
        .map(|prefix| format!("{prefix}.{kind}"))
        .collect()
}

fn read_if_there(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io::Error::new(e.kind(), format!("{}: {e}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let mut settings = Settings::default();
        settings.apply(text);
        settings
    }

    #[test]
    fn last_known_value_in_the_service_section_counts() {
        let unit = "KillMode=none\n[Unit]\nKillMode=none\n[Service]\n Type = oneshot \nKillMode=mixed\n# KillMode=none\n\
                    KillMode=process\nKillMode=whatever\nKillMode=\nDelegate=yes\n[Install]\nType=simple\n";
        let settings = settings(unit);
        assert_eq!(
            (settings.kind.as_str(), settings.kill_mode.as_str()),
            ("oneshot", "process")
        );
        assert!(settings.delegated);
    }

    #[test]
    fn backslash_continues_a_line_across_comments() {
        let unit = "[Service]\nExecStart=/bin/x \\\n# a comment\nKillMode=process \\\n; another\n Type=oneshot\nType=exec\n";
        let settings = settings(unit);
        assert_eq!(settings.kill_mode, "control-group", "part of ExecStart=");
        assert_eq!(settings.kind, "exec");
    }

    #[test]
    fn delegate_takes_a_boolean_or_a_list_of_controllers() {
        for (value, delegated) in [
            ("yes", true),
            ("1", true),
            ("on", true),
            ("", true),
            ("cpu memory", true),
            ("no", false),
            ("off", false),
            ("0", false),
        ] {
            let text = format!("[Service]\nDelegate={value}\n");
            assert_eq!(settings(&text).delegated, delegated, "{value:?}");
        }
        assert!(!settings("[Service]\nDelegate=yes\nDelegate=false\n").delegated);
    }

    #[test]
    fn fragment_then_drop_ins_by_name_and_the_first_folder_has_precedence() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["etc", "lib"].map(|name| root.path().join(name)).to_vec();
        let write = |path: &str, mode: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("[Service]\nKillMode={mode}\n")).unwrap();
        };
        let mode = |name: &str| {
            let settings = read(name, &folders).unwrap();
            settings.map(|settings| settings.kill_mode)
        };
        assert_eq!(mode("a-b@1.service"), None);
        write("lib/a-b@.service", "mixed");
        assert_eq!(mode("a-b@1.service").as_deref(), Some("mixed"));
        assert_eq!(mode("a-b@.service").as_deref(), Some("mixed"));
        assert_eq!(mode("a-c@1.service"), None);
        write("etc/a-b@1.service", "process");
        assert_eq!(mode("a-b@1.service").as_deref(), Some("process"));
        write("lib/a-.service.d/20.conf", "none");
        write("lib/a-b@.service.d/10.conf", "mixed");
        assert_eq!(mode("a-b@1.service").as_deref(), Some("none"));
        write("etc/a-b@1.service.d/20.conf", "control-group");
        assert_eq!(
            mode("a-b@1.service").as_deref(),
            Some("control-group"),
            "hides the drop-in of the same name"
        );
        write("lib/service.d/30.conf", "mixed");
        write("lib/service.d/40.conf.off", "none");
        assert_eq!(mode("a-b@1.service").as_deref(), Some("mixed"));
        std::os::unix::fs::symlink("/dev/null", root.path().join("etc/a-b@1.service.d/30.conf"))
            .unwrap();
        assert_eq!(
            mode("a-b@1.service").as_deref(),
            Some("control-group"),
            "a link to /dev/null takes a drop-in away"
        );
    }

    #[test]
    fn prefixes_end_with_a_dash() {
        assert_eq!(prefixes("a-b-c.service"), ["a-b-.service", "a-.service"]);
        assert_eq!(prefixes("a-b-.service"), ["a-.service"]);
        assert!(prefixes("a.service").is_empty());
        assert_eq!(template("a@b.c.service").as_deref(), Some("a@.service"));
        assert_eq!(template("a@.service"), None);
        assert_eq!(template("a.service"), None);
    }
}

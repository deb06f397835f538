//! What is found to be wrong with a file, each with the key it stands at, and names as they are shown.

/// What was found, each with the key it stands at.
#[derive(Default)]
pub struct Findings(pub Vec<String>);

impl Findings {
    /// Adds what is to be said about a key.
    pub fn add(&mut self, key: impl AsRef<str>, what: impl AsRef<str>) {
        self.0.push(format!("{}: {}", key.as_ref(), what.as_ref()));
    }

    /// Adds that a number would never start anything, if it is none.
    pub fn at_least_one(&mut self, key: impl AsRef<str>, value: u32) {
        if value == 0 {
            self.add(key, "0 would never start anything; 1 or more");
        }
    }
}

/// What is wrong with the name of a variable.
pub fn variable(key: &str, name: &str, found: &mut Findings) {
    let mut bytes = name.bytes();
    let well_formed = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !well_formed {
        found.add(
            key,
            format!("{name:?} is no name of a variable: A-Z a-z 0-9 _, the first no digit"),
        );
    } else if name.starts_with("KANBAN_") {
        found.add(
            key,
            format!("{name} is not free: kanban sets every KANBAN_ variable itself"),
        );
    }
}

/// A name as TOML would have to write it in a key.
pub fn shown(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if bare {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}

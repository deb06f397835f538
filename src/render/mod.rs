//! Text for people and for programs: escaping, width, colour, tables, the board, JSON, the page for a
//! browser, and the two streams it is written to.
//!
//! Values in, text out. Nothing here reads the board, the configuration or the clock; of the
//! environment it looks only at what describes the terminal, in [`style`].
//!
//! What a task, a worker or another program wrote is escaped here, once, by whatever puts it on a
//! line: callers hand over the text as it is stored.

use std::io::{self, Write};

use anyhow::{Context, Result};
use serde::Serialize;

mod card;
pub mod columns;
pub mod escape;
mod measure;
pub mod page;
pub mod report;
pub mod style;
pub mod table;
pub mod template;
mod wrap;

/// The version of what [`json`] writes, as kanban-json(7) tells it: keys are added under the same one, and none is
/// taken away or comes to mean something else.
const SHAPES: u32 = 1;

/// A value as indented JSON with a newline at its end. An object says first of which version its shape is; a list,
/// which has no place for that, is of the same.
///
/// What could act on a terminal or hide from a reader is written as `\uXXXX`, which a JSON reader
/// turns back into the very same text.
pub fn json(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).context("cannot write the result as JSON")?;
    let text = match text.strip_prefix("{\n") {
        Some(keys) => format!("{{\n  \"version\": {SHAPES},\n{keys}\n"),
        None => text + "\n",
    };
    Ok(escape::json(&text))
}

/// A list as [`json`] writes it, element by element, for one that is too long to be held.
#[derive(Debug, Default)]
pub struct JsonList {
    begun: bool,
    /// Before each line.
    indent: &'static str,
}

impl JsonList {
    /// A list that is a value further in.
    pub fn indented(indent: &'static str) -> Self {
        Self {
            begun: false,
            indent,
        }
    }

    /// Adds an element to the text so far.
    pub fn push(&mut self, text: &mut String, value: &impl Serialize) -> Result<()> {
        let element =
            serde_json::to_string_pretty(value).context("cannot write the result as JSON")?;
        text.push_str(match std::mem::replace(&mut self.begun, true) {
            true => ",",
            false => "[",
        });
        // A line break stands between two keys and never in a text, where it is written as \n.
        for line in escape::json(&element).lines() {
            text.extend(["\n", self.indent, "  ", line]);
        }
        Ok(())
    }

    /// What follows the last element.
    pub fn end(self) -> String {
        match self.begun {
            true => format!("\n{}]", self.indent),
            false => "[]".into(),
        }
    }
}

/// A number of bytes for people: `1.5 MiB`.
pub fn size(bytes: u64) -> String {
    let mut unit = ("bytes", 1_u64);
    for (name, of) in [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)] {
        if bytes >= of {
            unit = (name, of);
        }
    }
    match unit {
        (name, 1) => format!("{bytes} {name}"),
        (name, of) => {
            let tenths = u128::from(bytes) * 10 / u128::from(of);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    }
}

/// A value as JSON on one line, with a newline at its end, escaped as [`json`] does.
pub fn json_line(value: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string(value).context("cannot write the result as JSON")?;
    text.push('\n');
    Ok(escape::json(&text))
}

/// Writes to standard output piece by piece what would be too much for one text. A reader that went away has read
/// enough here, too.
pub fn stream(work: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = work(&mut out).and_then(|()| Ok(out.flush()?));
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        let error = cause.downcast_ref::<io::Error>();
        error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    match written {
        Err(error) if error.chain().any(gone) => Ok(()),
        written => written,
    }
}

/// Writes text to standard output. A reader that went away (`kanban list | head`) has read enough.
pub fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())
}

/// [`print()`] for what is handed on byte by byte, such as a path.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    write(&mut io::stdout().lock(), bytes).context("cannot write to standard output")
}

/// Writes one line of progress to standard error.
pub fn print_err(line: &str) {
    // Progress is a courtesy: when nobody can be told, the work itself still goes on.
    let _ = write(&mut io::stderr().lock(), format!("{line}\n").as_bytes());
}

fn write(out: &mut impl Write, text: &[u8]) -> io::Result<()> {
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Refusing(io::ErrorKind);

    impl Write for Refusing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure_and_a_full_disk_is() {
        assert!(write(&mut Refusing(io::ErrorKind::BrokenPipe), b"x").is_ok());
        assert!(write(&mut Refusing(io::ErrorKind::StorageFull), b"x").is_err());
        let mut out = Vec::new();
        write(&mut out, b"one\n").unwrap();
        assert_eq!(out, b"one\n");
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_536, "1.5 KiB"),
            (5 << 20, "5.0 MiB"),
            (u64::MAX, "17179869183.9 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn json_is_indented_ends_its_line_and_keeps_the_value() {
        let value = serde_json::json!({"title": "a\u{1b}[2J\u{9b}\u{202e}\u{e0041}\u{7f}界é"});
        let text = json(&value).unwrap();
        assert_eq!(
            text,
            "{\n  \"version\": 1,\n  \"title\": \"a\\u001b[2J\\u009b\\u202e\\udb40\\udc41\\u007f界é\"\n}\n"
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["title"],
            value["title"]
        );
        assert_eq!(json(&[1]).unwrap(), "[\n  1\n]\n");
    }

    #[test]
    fn a_list_in_pieces_is_the_list_in_one() {
        for list in [
            serde_json::json!([]),
            serde_json::json!([{}]),
            serde_json::json!([{"a\nb": ["c\u{2028}\u{1b}", {}], "d": []}, [], 1, "\u{85}x"]),
        ] {
            let (mut pieces, mut text) = (JsonList::default(), String::new());
            for value in list.as_array().unwrap() {
                pieces.push(&mut text, value).unwrap();
            }
            text += &pieces.end();
            assert_eq!(format!("{text}\n"), json(&list).unwrap());
        }
    }
}

//! Lines in the form that a script asks for: `{id} {title}`, with the keys that JSON has.
//!
//! A value takes one line and cannot act on a terminal, whoever wrote it, as everywhere else in plain text: what a
//! script has to have exactly, JSON has.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::escape;

/// The form of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Key(String),
}

impl Template {
    /// What reads templates that may name these keys.
    pub fn of<'a>(keys: &'a [&'a str]) -> impl Fn(&str) -> Result<Self, String> + Clone + 'a {
        |text| Self::parse(text, keys)
    }

    /// `{key}` stands for a value, `{{` and `}}` for braces, `\t`, `\n` and `\\` for what they mean in most shells.
    fn parse(text: &str, keys: &[&str]) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek().copied()) {
                ('{', Some('{')) | ('}', Some('}')) => plain.extend(chars.next()),
                ('{', _) => {
                    let mut key = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => key.push(c),
                            None => return Err("a { has no }; write {{ for the brace".into()),
                        }
                    }
                    if !keys.contains(&key.as_str()) {
                        return Err(format!(
                            "there is no {{{key}}}; there are {}",
                            keys.join(", ")
                        ));
                    }
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                    parts.push(Part::Key(key));
                }
                ('}', _) => return Err("a } belongs to no {; write }} for the brace".into()),
                ('\\', Some(escaped)) => {
                    chars.next();
                    plain.push(match escaped {
                        't' => '\t',
                        'n' => '\n',
                        '\\' => '\\',
                        other => {
                            return Err(format!(
                                "there is no \\{other}; there are \\t, \\n and \\\\"
                            ));
                        }
                    });
                }
                ('\\', None) => return Err("it ends with a single \\; write \\\\".into()),
                (c, _) => plain.push(c),
            }
        }
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The line of a row.
    pub fn line(&self, row: &impl Serialize) -> Result<String> {
        let row = serde_json::to_value(row)?;
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Key(key) => out.push_str(&value(&row[key])),
            }
        }
        out.push('\n');
        Ok(out)
    }
}

/// A value on a line: nothing for null, lists and objects as JSON.
fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => escape::line(text),
        other => escape::line(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(template: &str, row: &Value) -> Result<String, String> {
        let template = Template::parse(template, &["id", "title", "list"])?;
        Ok(template.line(row).unwrap())
    }

    #[test]
    fn values_stand_where_their_keys_stood() {
        let row = json!({"id": 7, "title": "a\n\u{1b}[2J{id}\\t", "list": ["x", true]});
        for (template, said) in [
            ("{id}", "7\n"),
            ("{id}\\t{list}", "7\t[\"x\",true]\n"),
            ("{{{id}}}\\\\\\n", "{7}\\\n\n"),
            ("{title}", "a\\n\\u{1b}[2J{id}\\t\n"),
            ("", "\n"),
        ] {
            assert_eq!(line(template, &row).as_deref(), Ok(said), "{template}");
        }
        assert_eq!(
            line("<{title}>", &json!({"title": null})).as_deref(),
            Ok("<>\n")
        );
        for bad in ["{titel}", "{", "{}", "}", "{id", "\\x", "\\", "{id}}"] {
            assert!(line(bad, &row).is_err(), "{bad}");
        }
        assert!(
            line("{x}", &row)
                .unwrap_err()
                .contains("there are id, title, list")
        );
    }
}

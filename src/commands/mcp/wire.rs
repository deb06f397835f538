//! JSON-RPC 2.0 as the Model Context Protocol has it on standard streams: one message a line, answered in order.
//!
//! Of the protocol a server of tools needs four methods, so they are here and not a library's: that brought an
//! asynchronous runtime and a fifth of the program's size, which every tick would carry.

use std::io::{self, BufRead, Read, Write};

use serde_json::{Value, json};

/// Versions of the protocol that are spoken, the newest first (modelcontextprotocol.io, "Versioning"). What they
/// differ in is nothing that a server of tools without sessions does.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// A longer message is thrown away, in bytes: more than any card may say.
const MESSAGE_MAX: u64 = 4 * 1_048_576;

// The codes of JSON-RPC 2.0, section 5.1.
const NO_JSON: i32 = -32_700;
const NO_REQUEST: i32 = -32_600;
const NO_METHOD: i32 = -32_601;
const BAD_PARAMS: i32 = -32_602;

/// What is served.
pub trait Serve {
    /// What a client is told first: capabilities, who this is, and how it is used.
    fn about(&self) -> Value;
    /// The tools that there are.
    fn tools(&self) -> Value;
    /// Calls a tool. The error is that of a call that cannot be one.
    fn call(&self, name: &str, arguments: Option<Value>) -> Result<Value, String>;
}

/// Answers until the input ends. `false`: nobody ever said anything that could be read.
pub fn serve(
    server: &impl Serve,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<bool> {
    let mut heard = false;
    while let Some(line) = next_line(&mut input)? {
        let answer = match line {
            Line::Whole(line) if line.trim_ascii().is_empty() => None,
            Line::Whole(line) => match serde_json::from_slice(&line) {
                Ok(message) => {
                    heard = true;
                    answer_all(server, message)
                }
                Err(e) => Some(refusal(Value::Null, NO_JSON, &e.to_string())),
            },
            Line::TooLong => {
                let why = format!("the message is longer than {MESSAGE_MAX} bytes");
                Some(refusal(Value::Null, NO_REQUEST, &why))
            }
        };
        if let Some(answer) = answer {
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
    }
    Ok(heard)
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
}

fn next_line(input: &mut impl BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    if input
        .by_ref()
        .take(MESSAGE_MAX)
        .read_until(b'\n', &mut line)?
        == 0
    {
        return Ok(None);
    }
    let whole = line.ends_with(b"\n") || (line.len() as u64) < MESSAGE_MAX;
    if !whole {
        input.skip_until(b'\n')?;
        return Ok(Some(Line::TooLong));
    }
    Ok(Some(Line::Whole(line)))
}

/// A message, or several at once, as one version of the protocol has it.
fn answer_all(server: &impl Serve, message: Value) -> Option<Value> {
    match message {
        Value::Array(messages) if !messages.is_empty() => {
            let answers: Vec<Value> = messages
                .into_iter()
                .filter_map(|message| answer(server, message))
                .collect();
            (!answers.is_empty()).then(|| answers.into())
        }
        message => answer(server, message),
    }
}

/// The answer to a message. What is no request has none.
fn answer(server: &impl Serve, mut message: Value) -> Option<Value> {
    let id = message.get_mut("id").map(Value::take);
    let params = message.get_mut("params").map_or(Value::Null, Value::take);
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        // An answer is to something that was never asked.
        let answers = message.get("result").or(message.get("error")).is_some();
        return (!answers).then(|| {
            refusal(
                id.unwrap_or_default(),
                NO_REQUEST,
                "it is no request of JSON-RPC 2.0",
            )
        });
    };
    let id = id?;
    Some(match outcome(server, method, params) {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err((code, why)) => refusal(id, code, &why),
    })
}

fn refusal(id: Value, code: i32, why: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": why}})
}

fn outcome(server: &impl Serve, method: &str, mut params: Value) -> Result<Value, (i32, String)> {
    match method {
        "initialize" => {
            let asked = params["protocolVersion"].as_str().unwrap_or_default();
            let spoken = VERSIONS.iter().find(|version| **version == asked);
            let mut about = server.about();
            about["protocolVersion"] = json!(spoken.unwrap_or(&VERSIONS[0]));
            Ok(about)
        }
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({"tools": server.tools()})),
        "tools/call" => {
            let arguments = params.get_mut("arguments").map(Value::take);
            let name = params["name"].as_str().unwrap_or_default();
            server
                .call(name, arguments)
                .map_err(|why| (BAD_PARAMS, why))
        }
        _ => Err((NO_METHOD, format!("there is no method {method:?} here"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Serve for Echo {
        fn about(&self) -> Value {
            json!({"instructions": "say something"})
        }

        fn tools(&self) -> Value {
            json!([{"name": "echo"}])
        }

        fn call(&self, name: &str, arguments: Option<Value>) -> Result<Value, String> {
            match name {
                "echo" => Ok(arguments.unwrap_or_default()),
                _ => Err(format!("there is no tool {name:?}")),
            }
        }
    }

    fn said(input: &str) -> (bool, Vec<Value>) {
        let mut output = Vec::new();
        let heard = serve(&Echo, input.as_bytes(), &mut output).unwrap();
        let lines = output
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        (
            heard,
            lines
                .map(|line| serde_json::from_slice(line).unwrap())
                .collect(),
        )
    }

    #[test]
    fn the_newest_version_is_offered_to_whoever_asks_for_one_that_is_not_spoken() {
        for (asked, spoken) in [("2024-11-05", "2024-11-05"), ("1999-01-01", VERSIONS[0])] {
            let (_, answers) = said(&format!(
                r#"{{"jsonrpc":"2.0","id":"a","method":"initialize","params":{{"protocolVersion":"{asked}"}}}}"#
            ));
            assert_eq!(answers[0]["id"], "a");
            assert_eq!(answers[0]["result"]["protocolVersion"], spoken);
            assert_eq!(answers[0]["result"]["instructions"], "say something");
        }
    }

    #[test]
    fn requests_are_answered_in_order_and_nothing_else_is() {
        let (heard, answers) = said(concat!(
            "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n",
            "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n",
            "[{\"id\":2,\"method\":\"tools/list\"},{\"method\":\"x\"},{\"id\":3,\"method\":\"x\"}]\n",
            "{\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"a\":1}}}\n",
            "{\"id\":5,\"method\":\"tools/call\"}",
        ));
        assert!(heard);
        assert_eq!(answers[0], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
        assert_eq!(answers[1][0]["result"]["tools"][0]["name"], "echo");
        assert_eq!(answers[1][1]["error"]["code"], NO_METHOD);
        assert_eq!(answers[1].as_array().unwrap().len(), 2);
        assert_eq!(answers[2]["result"], json!({"a": 1}));
        assert_eq!(answers[3]["error"]["code"], BAD_PARAMS);
        assert_eq!(answers.len(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_refused_and_the_next_message_is_read() {
        let long = format!("\"{}\"\n", "x".repeat(MESSAGE_MAX as usize));
        for (input, code) in [
            ("{\n", NO_JSON),
            ("[]\n", NO_REQUEST),
            ("7\n", NO_REQUEST),
            (&long, NO_REQUEST),
        ] {
            let (_, answers) = said(&format!("{input}{{\"id\":1,\"method\":\"ping\"}}\n"));
            assert_eq!(answers[0]["error"]["code"], code);
            assert_eq!(answers[0]["id"], Value::Null);
            assert_eq!(answers[1]["id"], 1);
        }
        assert!(!said("").0 && !said("\n{\n").0);
    }
}

//! The token of a Feishu app, and what the answers of its API mean.

use super::parts;
use crate::board::delivery::Outcome;
use crate::delivery::http::Reply;
use crate::delivery::verdict::{by_status, number_at, says, text_at, unclear, wait_of};
use crate::time::Seconds;

/// A token is not used in its last seconds, as the vendor's own library has it.
const MARGIN: Seconds = 180;

/// What shows who we are, for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// As it stands in a header.
    pub text: String,
    /// Unix seconds from which it is used: a clock that is stepped back does not make it last longer.
    pub from: Seconds,
    /// Unix seconds from which it is not.
    pub until: Seconds,
}

/// How a try ended that did not come further than this.
pub fn no_token(outcome: Outcome) -> Outcome {
    outcome.map_text(|why| format!("no token for the app: {why}"))
}

/// The token of an answer, or how the try ended.
pub fn token_of(reply: &Reply, now: Seconds) -> Result<Token, Outcome> {
    let answer = reply.json().unwrap_or_default();
    let code = number_at(&answer, "code");
    let token = text_at(&answer, &["tenant_access_token"]).filter(|text| !text.is_empty());
    // An answer with a token in it is never told as a whole.
    let said = text_at(&answer, &["msg"])
        .or_else(|| token.is_none().then(|| reply.text()))
        .unwrap_or_default();
    let outcome = match (code, token) {
        (Some(0), Some(text)) if reply.is_good() => {
            let expire = number_at(&answer, "expire").unwrap_or(0).clamp(0, 7_200);
            return Ok(Token {
                text,
                from: now,
                until: now.saturating_add(expire - MARGIN),
            });
        }
        _ if is_too_much(reply, code) => too_much(reply, &said, now),
        // Before anything else, this is a wrong app_id or secret.
        (Some(code), _) if code != 0 && reply.status < 500 => Outcome::dead_target(says(
            reply,
            &format!("code {code}, {said}; see the keys app_id and secret"),
        )),
        _ => parts::beforehand(parts::otherwise(reply, &said, now)),
    };
    Err(no_token(outcome))
}

/// Whether the token is no longer good, so that another may be.
pub fn is_token_refused(reply: &Reply) -> bool {
    let code = reply.json().and_then(|answer| number_at(&answer, "code"));
    matches!(code, Some(99_991_663 | 99_991_664 | 99_991_671))
}

/// What an answer to a message means.
pub fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let answer = reply.json().unwrap_or_default();
    let text = text_at(&answer, &["msg"]).unwrap_or_else(|| reply.text());
    let code = number_at(&answer, "code");
    let said = match code {
        Some(code) => format!("code {code}, {text}"),
        None => text.clone(),
    };
    let why = says(reply, &said);
    if is_too_much(reply, code) {
        return too_much(reply, &said, now);
    }
    match code {
        Some(0) if reply.is_good() => match text_at(&answer, &["data", "message_id"]) {
            Some(id) => Outcome::delivered(Some(id)),
            None => unclear(reply, &said),
        },
        None | Some(0) => parts::otherwise(reply, &said, now),
        // Under the same id nothing comes twice within an hour.
        Some(_) if reply.status >= 500 => by_status(reply, &said, now),
        Some(230_020) => Outcome::retry_after(why, Some(reply.retry_after(now).unwrap_or(1))),
        Some(230_049) => Outcome::retry(why),
        Some(230_001) if text.to_lowercase().contains("receive_id") => Outcome::dead_target(why),
        Some(230_001 | 230_022 | 230_025 | 230_028 | 230_054 | 230_099) => {
            Outcome::dead_message(why)
        }
        Some(
            99_991_663 | 99_991_664 | 99_991_671 | 230_002 | 230_006 | 230_013 | 230_018 | 230_027
            | 230_029 | 230_034 | 230_035 | 230_038 | 230_053 | 230_075 | 232_009,
        ) => Outcome::dead_target(why),
        // A code that nobody wrote down says for sure only that it was not delivered.
        Some(_) => match reply.status {
            200..=299 | 400 => Outcome::retry(why),
            _ => by_status(reply, &said, now),
        },
    }
}

fn is_too_much(reply: &Reply, code: Option<i64>) -> bool {
    reply.status == 429 || code == Some(99_991_400)
}

/// The gateway says in a header of its own when it takes more.
fn too_much(reply: &Reply, said: &str, now: Seconds) -> Outcome {
    let reset = reply
        .header("x-ogw-ratelimit-reset")
        .and_then(|value| wait_of(value.trim().parse().ok()?));
    Outcome::retry_after(says(reply, said), reset.or_else(|| reply.retry_after(now)))
}

#[cfg(test)]
mod tests {
    use super::super::fake::{self, assert_meanings};
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};

    const GOOD: &str = r#"{"code":0,"data":{"message_id":"om_1"}}"#;

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"code":0,"data":{"message_id":"om_1"}}
            200 ambiguous {"code":0,"data":{}}
            200 ambiguous {"msg":"ok"}
            200 ambiguous <html>
            200 ambiguous
            302 dead_target {"code":0,"data":{"message_id":"om_1"}}
            500 ambiguous {"code":0,"data":{"message_id":"om_1"}}
            400 dead_target {"code":230002,"msg":"Bot is not in the group"}
            400 dead_message {"code":230025,"msg":"too long"}
            400 dead_message {"code":230001,"msg":"ext=bad content"}
            400 dead_target {"code":230001,"msg":"invalid receive_id"}
            400 retry {"code":230020,"msg":"too often"}
            400 retry {"code":230049,"msg":"being sent"}
            400 dead_target {"code":99991663,"msg":"Invalid access token"}
            400 retry {"code":77777,"msg":"new"}
            500 ambiguous {"code":230002,"msg":"x"}
            429 retry
            502 ambiguous
        "#;
        assert_meanings(judge, table);
        assert_eq!(
            judge(&reply(200, GOOD), 0),
            Outcome::delivered(Some("om_1".into()))
        );
    }

    #[test]
    fn the_gateway_says_how_long_to_wait() {
        let limited = reply(
            400,
            r#"{"code":99991400,"msg":"request trigger frequency limit"}"#,
        );
        let wait = |reply: &Reply| fake::retries_after(judge(reply, 0));
        assert_eq!(wait(&limited), None);
        assert_eq!(
            wait(&with(limited.clone(), "x-ogw-ratelimit-reset", "52")),
            Some(52)
        );
        assert_eq!(wait(&with(limited, "retry-after", "7")), Some(7));
        let bare = with(reply(429, "slow down"), "x-ogw-ratelimit-reset", "3");
        assert_eq!(wait(&bare), Some(3));
        assert_eq!(token_of(&bare, 0).err().unwrap().word(), "retry");
    }

    #[test]
    fn a_token_is_used_no_longer_than_it_lasts() {
        let token = |expire: &str| {
            let answer =
                format!(r#"{{"code":0,"msg":"ok","tenant_access_token":"t-x","expire":{expire}}}"#);
            token_of(&reply(200, &answer), 1_000).unwrap()
        };
        assert_eq!((token("1810").from, token("1810").until), (1_000, 2_630));
        assert_eq!(token("9223372036854775807").until, 1_000 + 7_020);
        assert!(token("60").until <= 1_000 && token("-5").until <= 1_000);
        for (status, answer, word) in [
            (
                200,
                r#"{"code":10014,"msg":"app secret invalid"}"#,
                "dead_target",
            ),
            (
                400,
                r#"{"code":10003,"msg":"invalid param"}"#,
                "dead_target",
            ),
            (200, r#"{"code":0}"#, "retry"),
            (200, "<html>", "retry"),
            (500, r#"{"code":1}"#, "retry"),
            (400, "", "dead_target"),
        ] {
            let outcome = token_of(&reply(status, answer), 0).err().unwrap();
            assert_eq!(outcome.word(), word, "{status} {answer}");
            assert!(outcome.why().unwrap().starts_with("no token for the app: "));
        }
    }
}

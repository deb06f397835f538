//! What the answers of DingTalk mean.

use serde_json::Value;

use super::parts;
use crate::board::delivery::Outcome;
use crate::delivery::http::Reply;
use crate::delivery::verdict::{number_at, says, text_at, wait_of};
use crate::time::Seconds;

/// Seconds to wait when it is too much: the vendor's penalty.
const TOO_MUCH: Seconds = 600;

/// What an answer means. Its `errcode` says it, whatever the status; without one it is no success.
pub(super) fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let Some(answer) = reply.json() else {
        return parts::otherwise(reply, &reply.text(), now);
    };
    let said = text_at(&answer, &["errmsg"]).unwrap_or_else(|| reply.text());
    match number_at(&answer, "errcode") {
        Some(0) if reply.is_good() => Outcome::delivered(None),
        Some(0) => parts::otherwise(reply, &said, now),
        Some(code) => refused(code, &said, reply, now),
        None if is_turned_away(&answer) => {
            let wait = text_at(&answer, &["wait"])
                .and_then(|wait| wait.parse().ok())
                .and_then(wait_of);
            let why = format!("HTTP {}: its gateway turns requests away", reply.status);
            Outcome::retry_after(why, wait.or(Some(TOO_MUCH)))
        }
        None => parts::otherwise(reply, &said, now),
    }
}

/// Whether the gateway in front of the service answered instead of it, with a status of 200, because of too
/// many requests.
fn is_turned_away(answer: &Value) -> bool {
    number_at(answer, "status") == Some(1_111) || answer.get("punish").is_some()
}

fn refused(code: i64, said: &str, reply: &Reply, now: Seconds) -> Outcome {
    let why = says(reply, &format!("errcode {code}, {said}"));
    let lower = said.to_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let slower = |why| {
        let after = reply.retry_after(now).unwrap_or(0).max(TOO_MUCH);
        Outcome::retry_after(why, Some(after))
    };
    match code {
        130_101 | 410_100 => slower(why),
        _ if reply.status == 429 => slower(why),
        -1 => Outcome::retry_after(why, reply.retry_after(now)),
        310_000 => insecure(why, &lower),
        // Copies of the vendor's table disagree on what 300001 is, and new codes come: its words say more.
        _ if speaks_of(&[
            "too fast",
            "too many",
            "per minute",
            "frequen",
            "rate limit",
            "频率",
            "频繁",
        ]) =>
        {
            slower(why)
        }
        _ if speaks_of(&["too long", "exceed 20000 bytes"]) => Outcome::dead_message(why),
        300_001 | 300_005 | 400_013 | 400_101 | 400_102 | 400_106 => Outcome::dead_target(why),
        // A parameter is wrong: the token, which is in the URL, or one of the message.
        40_035 if speaks_of(&["token"]) => Outcome::dead_target(why),
        40_035 | 43_004 | 400_105 => Outcome::dead_message(why),
        // A code that nobody wrote down says for sure only that it was not delivered.
        _ => match reply.status {
            200..=299 | 400 => Outcome::retry_after(why, reply.retry_after(now)),
            _ => parts::otherwise(reply, said, now),
        },
    }
}

/// One of the checks that the robot was set up with failed; only its words say which.
fn insecure(why: String, lower: &str) -> Outcome {
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let hint = if speaks_of(&["keyword", "关键词"]) {
        "set the key keyword to a word that the robot asks for"
    } else if speaks_of(&["whitelist", "白名单"]) {
        "the robot takes messages only from the addresses on its list"
    } else if speaks_of(&["sign", "timestamp", "签名", "时间"]) {
        "the key secret is wrong or missing, or the clock of this machine is"
    } else {
        "see the security settings of the robot"
    };
    Outcome::dead_target(format!("{why}; {hint}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fake::{assert_meanings, assert_ordinary, assert_wants_proof, retries_after};
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            200 delivered {"errcode":0,"errmsg":"ok"}
            200 retry {"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}
            200 retry {"errcode":410100,"errmsg":"x"}
            200 retry {"errcode":300001,"errmsg":"send too fast"}
            200 retry {"errcode":-1,"errmsg":"system busy"}
            200 dead_target {"errcode":310000,"errmsg":"sign not match"}
            200 dead_target {"errcode":310000,"errmsg":"keywords not in content"}
            200 dead_target {"errcode":310000,"errmsg":"ip 203.0.113.1 not in whitelist"}
            200 dead_target {"errcode":310000,"errmsg":"invalid timestamp"}
            200 dead_target {"errcode":310000}
            200 dead_target {"errcode":300001,"errmsg":"token is not exist"}
            200 dead_target {"errcode":300005,"errmsg":"token is not exist"}
            200 dead_target {"errcode":400101,"errmsg":"access_token missing"}
            200 dead_target {"errcode":40035,"errmsg":"缺少参数 access_token"}
            200 dead_target {"errcode":400013,"errmsg":"x"}
            200 dead_target {"errcode":400102,"errmsg":"x"}
            200 dead_target {"errcode":"400102","errmsg":"stopped"}
            200 dead_target {"errcode":400106,"errmsg":"x"}
            200 dead_message {"errcode":40035,"errmsg":"不合法的参数"}
            200 dead_message {"errcode":43004,"errmsg":"x"}
            200 dead_message {"errcode":400105,"errmsg":"unsupported msgtype"}
            200 dead_message {"errcode":460101,"errmsg":"message too long, exceed 20000 bytes"}
            200 retry {"errcode":77777,"errmsg":"new"}
            500 ambiguous {"errcode":77777,"errmsg":"new"}
            429 retry {"errcode":77777,"errmsg":"new"}
            200 retry {"status":1111,"wait":5,"source":"x5","punish":"deny","uuid":"0"}
            200 ambiguous {"errmsg":"ok"}
            200 ambiguous {"errcode":0
            302 dead_target {"errcode":0}
            404 dead_target nothing here
            500 ambiguous {"errcode":0}
        "#;
        assert_meanings(judge, table);
        let bad = reply(200, b"{\"errcode\":0,\"errmsg\":\"\xff\"}");
        assert_eq!(judge(&bad, 0).word(), "ambiguous");
        assert_ordinary(judge, "retry");
        assert_wants_proof(judge);
    }

    #[test]
    fn too_much_waits_the_ten_minutes_and_a_gateway_as_long_as_it_says() {
        let limited = reply(200, r#"{"errcode":130101,"errmsg":"x"}"#);
        for (reply, wait) in [
            (with(limited.clone(), "retry-after", "7"), 600),
            (with(limited.clone(), "retry-after", "900"), 900),
            (limited, 600),
            (
                reply(200, r#"{"errcode":300001,"errmsg":"send too fast"}"#),
                600,
            ),
            (reply(200, r#"{"status":1111,"wait":5}"#), 5),
            (
                reply(200, r#"{"status":1111,"wait":"5.5","punish":"deny"}"#),
                6,
            ),
            (reply(200, r#"{"punish":"deny"}"#), 600),
            (with(reply(429, ""), "retry-after", "7"), 7),
        ] {
            assert_eq!(retries_after(judge(&reply, 0)), Some(wait), "{reply:?}");
        }
    }

    #[test]
    fn a_failed_check_says_which_key_helps() {
        for (errmsg, key) in [
            ("sign not match", "key secret"),
            ("description:关键词不匹配;solution:x", "key keyword"),
            ("ip 203.0.113.1 not in whitelist", "addresses"),
            ("x", "security settings"),
        ] {
            let body = json!({"errcode": 310_000, "errmsg": errmsg}).to_string();
            let outcome = judge(&reply(200, &body), 0);
            assert!(outcome.why().unwrap().contains(key), "{errmsg}");
        }
    }
}

//! What the answers of a Teams workflow mean.

use crate::board::delivery::Outcome;
use crate::delivery::http::Reply;
use crate::delivery::verdict::{by_status, says, text_at, unclear};
use crate::time::Seconds;

/// What stands in an answer of 200 although Teams refused the card, with the status behind it.
const TRAP: &str = "endpoint returned HTTP error ";

/// A workflow that is turned off or deleted answers 400 with this.
const TURNED_OFF: &str = "WorkflowTriggerIsNotEnabled";

/// What an answer means. A success is only that the workflow was started; whether it could post the card
/// stands in its run history.
pub(super) fn judge(reply: &Reply, now: Seconds) -> Outcome {
    let text = reply.text();
    let answer = reply.json().unwrap_or_default();
    let at = |path: &[&str]| text_at(&answer, path);
    let code = at(&["error", "code"]).or_else(|| at(&["code"]));
    let said = match (&code, at(&["error", "message"])) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => text.clone(),
    };
    match reply.status {
        200 | 202 => match text.split_once(TRAP) {
            Some((_, status)) if status.starts_with("429") => {
                Outcome::retry_after(says(reply, &said), reply.retry_after(now))
            }
            Some(_) => unclear(reply, &said),
            None if is_page(reply, &text) => unclear(reply, &said),
            // What was not read could have been a refusal; 202 has nothing to say.
            None if reply.status == 200 && reply.broken.is_some() => unclear(reply, &said),
            None => Outcome::delivered(Some("accepted".into())),
        },
        200..=299 => unclear(reply, &said),
        400 if code.as_deref() == Some(TURNED_OFF) => Outcome::dead_target(format!(
            "{}; the workflow is turned off or was deleted",
            says(reply, &said)
        )),
        // The workflow may have been started, whichever of these it is.
        500..=599 => Outcome::Ambiguous {
            why: says(reply, &said),
            after: reply.retry_after(now),
        },
        _ => by_status(reply, &said, now),
    }
}

/// Whether it is a page for people: something between here and Teams answered, such as a login.
fn is_page(reply: &Reply, text: &str) -> bool {
    let html = |kind: &str| kind.to_ascii_lowercase().contains("html");
    text.trim_start().starts_with('<') || reply.header("content-type").is_some_and(html)
}

#[cfg(test)]
mod tests {
    use super::super::fake::{assert_meanings, assert_ordinary, retries_after};
    use super::*;
    use crate::delivery::verdict::tests::{reply, with};

    #[test]
    fn each_answer_has_its_meaning() {
        let table = r#"
            202 delivered
            200 delivered
            200 delivered 1
            200 delivered {"posted":true}
            200 retry Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0
            202 retry Microsoft Teams endpoint returned HTTP error 429
            200 ambiguous Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413
            200 ambiguous <html>sign in</html>
            201 ambiguous
            204 ambiguous
            302 dead_target
            400 dead_message {"error":{"code":"TriggerInputSchemaMismatch","message":"x"}}
            400 dead_message
            400 dead_target {"error":{"code":"WorkflowTriggerIsNotEnabled","message":"Could not execute workflow trigger 'manual' with state 'Deleted'"}}
            400 dead_target {"code":"WorkflowTriggerIsNotEnabled"}
            401 dead_target {"error":{"code":"DirectApiAuthorizationRequired","message":"x"}}
            403 dead_target
            404 dead_target {"error":{"code":"WorkflowNotFound","message":"x"}}
        "#;
        assert_meanings(judge, table);
        assert_eq!(
            judge(&reply(202, ""), 0),
            Outcome::delivered(Some("accepted".into()))
        );
        assert_ordinary(judge, "ambiguous");
        let page = with(reply(200, "sign in"), "content-type", "text/HTML");
        assert_eq!(judge(&page, 0).word(), "ambiguous");
    }

    #[test]
    fn an_answer_that_broke_off_counts_only_where_it_had_nothing_to_say() {
        for (status, word) in [(202, "delivered"), (200, "ambiguous")] {
            let broken = Reply {
                broken: Some("it broke off".into()),
                ..reply(status, "")
            };
            assert_eq!(judge(&broken, 0).word(), word);
        }
    }

    #[test]
    fn a_wait_is_kept() {
        for (status, body) in [(429, ""), (200, "endpoint returned HTTP error 429")] {
            let limited = with(reply(status, body), "retry-after", "30");
            assert_eq!(retries_after(judge(&limited, 0)), Some(30));
        }
        let busy = with(reply(503, ""), "retry-after", "30");
        assert!(matches!(
            judge(&busy, 0),
            Outcome::Ambiguous {
                after: Some(30),
                ..
            }
        ));
    }
}

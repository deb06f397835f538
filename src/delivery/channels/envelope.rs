//! The two forms of JSON that a webhook is sent as. What is in them says nothing of the try, so that all
//! tries of one message have the same bytes.

use serde::Serialize;
use serde_json::Value;

use crate::config::Format;
use crate::delivery::Parcel;
use crate::delivery::endpoint::encoded;
use crate::time;

/// The body of `format = "standard"`.
#[derive(Serialize)]
struct Standard {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Value,
}

/// The body of `format = "cloudevents"`.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    datacontenttype: &'static str,
    data: Value,
}

/// What a body of this form calls itself.
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Standard => "application/json; charset=utf-8",
        Format::CloudEvents => "application/cloudevents+json; charset=utf-8",
    }
}

/// The body, as it is signed and sent.
pub fn bytes(format: Format, parcel: &Parcel) -> Result<Vec<u8>, serde_json::Error> {
    let at = time::rfc3339(parcel.notice.event.at);
    match format {
        Format::Standard => serde_json::to_vec(&Standard {
            kind: parcel.kind(),
            timestamp: at,
            data: parcel.payload(),
        }),
        Format::CloudEvents => serde_json::to_vec(&CloudEvent {
            specversion: "1.0",
            id: &parcel.id,
            source: format!("urn:kanban:board:{}", encoded(&parcel.notice.board)),
            kind: format!("dev.kanban.{}", parcel.kind()),
            time: at,
            subject: parcel.notice.task.as_ref().map(|card| card.id.as_str()),
            datacontenttype: "application/json",
            data: parcel.payload(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;
    use serde_json::json;

    fn text(format: Format, parcel: &Parcel) -> String {
        String::from_utf8(bytes(format, parcel).unwrap()).unwrap()
    }

    #[test]
    fn a_standard_webhook_says_type_time_and_data() {
        let parcel = fake::parcel("completed", "部署完成 🚀");
        let text = text(Format::Standard, &parcel);
        let start = r#"{"type":"task.completed","timestamp":"2026-01-01T00:00:00Z","data":{"#;
        assert!(text.starts_with(start), "{text}");
        // What is not ASCII is written as it is, and nothing is set out in lines.
        assert!(
            text.contains("部署完成 🚀") && !text.contains('\n'),
            "{text}"
        );
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["data"], parcel.payload());
        assert_eq!(body["data"]["task"]["id"], "t_1a2b3c4d");
    }

    #[test]
    fn a_cloudevent_has_what_its_specification_asks_for() {
        let mut parcel = fake::parcel("completed", "部署完成 🚀");
        let expected = json!({
            "specversion": "1.0",
            "id": "dlv_3f9a1c2e00112233445566778899aabb",
            "source": "urn:kanban:board:default",
            "type": "dev.kanban.task.completed",
            "time": "2026-01-01T00:00:00Z",
            "subject": "t_1a2b3c4d",
            "datacontenttype": "application/json",
            "data": parcel.payload(),
        });
        let read = |parcel: &Parcel| -> Value {
            serde_json::from_str(&text(Format::CloudEvents, parcel)).unwrap()
        };
        assert_eq!(read(&parcel), expected);
        parcel.notice.task = None;
        let body = read(&parcel);
        assert_eq!(body.get("subject"), None);
        assert_eq!(body["type"], "dev.kanban.completed");
    }
}

//! Signatures: how a receiver knows that a message is ours. They are made at the moment of sending, because
//! all of them cover a time, and nothing of them is kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::time::Seconds;

/// HMAC-SHA256 of the parts in a row.
fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // A key of any length is taken; the error of this call cannot come.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Feishu and Lark: the time in seconds and the secret are the key, and the message is empty.
pub fn feishu(at: Seconds, secret: &str) -> String {
    STANDARD.encode(mac(format!("{at}\n{secret}").as_bytes(), &[]))
}

/// DingTalk: the secret is the key, the time in milliseconds and the secret are the message. Not yet
/// encoded for a query.
pub fn dingtalk(at_ms: i64, secret: &str) -> String {
    let message = format!("{at_ms}\n{secret}");
    STANDARD.encode(mac(secret.as_bytes(), &[message.as_bytes()]))
}

/// Standard Webhooks: id, time and the bytes of the body, under the bytes that the secret stands for.
pub fn standard_webhook(key: &[u8], id: &str, at: Seconds, body: &[u8]) -> String {
    let at = at.to_string();
    let parts = [id.as_bytes(), b".", at.as_bytes(), b".", body];
    format!("v1,{}", STANDARD.encode(mac(key, &parts)))
}

/// The bytes that a secret of Standard Webhooks stands for. `None`: it is none.
pub fn standard_webhook_key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

/// The signature of a body alone, as GitHub sends it in `X-Hub-Signature-256`.
pub fn hub(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex(&mac(secret.as_bytes(), &[body])))
}

/// `name:password` for an Authorization header.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const B4: &str = r#"{"type":"task.completed","timestamp":"2026-01-01T00:00:00Z","data":{"task_id":"T-42","title":"部署完成 🚀"}}"#;
    const CE: &str = r#"{"specversion":"1.0","id":"evt_01J0000000000000000000000A","source":"urn:kanban:board:demo","type":"dev.kanban.task.completed","time":"2026-01-01T00:00:00Z","subject":"T-42","datacontenttype":"application/json","data":{"task_id":"T-42","title":"部署完成 🚀"}}"#;
    const K1: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const K2: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    #[test]
    fn feishu_signs_nothing_under_time_and_secret() {
        for (at, secret, sign) in [
            (
                1_599_360_473,
                "demo",
                "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=",
            ),
            (
                1_700_000_000,
                "kB7pXq2mN9rT4vW6yZ1aC3",
                "72YKDg4tTHOY5jxe3ImOExOzuHoAeT2G2J9P3V9cRO4=",
            ),
            (
                1_767_225_600,
                "X0y1Z2-secret",
                "vG/INCYxBR/T/5KlLfIpBt28hpMYmywB6vdGoBPFI8s=",
            ),
        ] {
            assert_eq!(feishu(at, secret), sign);
        }
        // What typical mistakes would give.
        assert_ne!(
            feishu(1_599_360_473, "demo"),
            dingtalk(1_599_360_473, "demo")
        );
    }

    #[test]
    fn dingtalk_signs_time_and_secret_under_the_secret() {
        for (at, secret, sign) in [
            (
                1_700_000_000_000,
                "SEC0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "bTgY2yDbep+wesS7jKiNj+srsHoADES4+C4f8LCHFtU=",
            ),
            (
                1_767_225_600_123,
                "SECfeedfacecafebeef00112233445566778899aabbccddeeff0011223344556677",
                "plDQWaiVnO1lO+bo3cR8AbiEuGeCSAl1IynJNzZhlq4=",
            ),
            (
                1_577_262_236_757,
                "this is secret",
                "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=",
            ),
        ] {
            assert_eq!(dingtalk(at, secret), sign);
        }
    }

    #[test]
    fn standard_webhooks_are_signed_as_their_specification_shows() {
        for (secret, id, at, body, sign) in [
            (
                "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                1_649_367_553,
                r#"{"email":"test@example.com","username":"test_user"}"#,
                "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
            ),
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                K1,
                "evt_01J0000000000000000000000A",
                1_767_225_600,
                B4,
                "v1,InBCt0GWLRk6yxAXLBBZ7nyi3jV7vfZi12S/iqNo0d8=",
            ),
            (
                K2,
                "evt_01J0000000000000000000000A",
                1_767_225_600,
                B4,
                "v1,ckRV0boYSvgKYNS/Z8thaLTQ0ukx3XzUhI0/5GS4cgA=",
            ),
            (
                K1,
                "evt_01J0000000000000000000000A",
                1_767_225_600,
                CE,
                "v1,/EBP4k9b44Wm8MUTdVdTyLeRnYMz5mCVgvbAREqnlVk=",
            ),
        ] {
            let key = standard_webhook_key(secret).unwrap();
            assert_eq!(standard_webhook(&key, id, at, body.as_bytes()), sign);
        }
        for bad in [
            "whsec_",
            "whsec_AAAA",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        ] {
            assert_eq!(standard_webhook_key(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_body_is_signed_as_github_shows() {
        assert_eq!(
            hub("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(
            hub("kanban-hook-secret", B4.as_bytes()),
            "sha256=50b5a25323e71aac826bc66ea3aceee4b8068ba3aadbecf9ec778eef090bb64d"
        );
        assert_eq!(
            digest(B4),
            "dc931ed2fa374f00e2d8b1546a9645cc154303ae293d07786ae4a1e20eb727ad"
        );
    }
}

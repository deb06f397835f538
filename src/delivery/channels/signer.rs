//! What shows the receiver of a webhook that a message is ours. The form of a secret says what it is for.

use crate::delivery::sign;
use crate::time::Seconds;

/// A way to sign.
pub enum Signer {
    /// Keys of Standard Webhooks, the newest first.
    Standard(Vec<Vec<u8>>),
    /// A secret shared with a receiver that checks what GitHub sends.
    Hub(String),
}

impl Signer {
    /// Reads a secret: one of Standard Webhooks, or several with white space between them while one takes
    /// the place of another; anything else signs as GitHub does.
    pub fn read(secret: &str) -> Result<Self, String> {
        let is = |prefix: &str| {
            secret
                .split_whitespace()
                .any(|word| word.starts_with(prefix))
        };
        if secret.trim().is_empty() {
            return Err("secret: it is empty".into());
        }
        if is("whsk_") || is("whpk_") {
            return Err(
                "secret: whsk_ and whpk_ are keys of ed25519; only whsec_ can sign here".into(),
            );
        }
        if !is("whsec_") {
            return Ok(Self::Hub(secret.to_owned()));
        }
        let keys: Option<Vec<Vec<u8>>> = secret
            .split_whitespace()
            .map(sign::standard_webhook_key)
            .collect();
        keys.map(Self::Standard)
            .ok_or_else(|| "secret: each has to be whsec_ and the Base64 of 24 to 64 bytes".into())
    }

    /// The header that signs these bytes, sent at this time under this id.
    pub fn header(&self, id: &str, at: Seconds, body: &[u8]) -> (String, String) {
        match self {
            Self::Standard(keys) => {
                let signatures: Vec<String> = keys
                    .iter()
                    .map(|key| sign::standard_webhook(key, id, at, body))
                    .collect();
                ("webhook-signature".into(), signatures.join(" "))
            }
            Self::Hub(secret) => ("x-hub-signature-256".into(), sign::hub(secret, body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const K1: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const K2: &str = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
    const BODY: &str = r#"{"type":"task.completed","timestamp":"2026-01-01T00:00:00Z","data":{"task_id":"T-42","title":"部署完成 🚀"}}"#;

    fn header(secret: &str) -> (String, String) {
        let signer = Signer::read(secret).unwrap();
        let id = "evt_01J0000000000000000000000A";
        signer.header(id, 1_767_225_600, BODY.as_bytes())
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign_and_the_new_one_is_first() {
        let (first, second) = (
            "v1,InBCt0GWLRk6yxAXLBBZ7nyi3jV7vfZi12S/iqNo0d8=",
            "v1,ckRV0boYSvgKYNS/Z8thaLTQ0ukx3XzUhI0/5GS4cgA=",
        );
        assert_eq!(header(K1), ("webhook-signature".into(), first.into()));
        let both = format!("{K1}\n {K2}");
        assert_eq!(
            header(&both),
            ("webhook-signature".into(), format!("{first} {second}"))
        );
    }

    #[test]
    fn any_other_secret_signs_as_github_does() {
        let sign = "sha256=50b5a25323e71aac826bc66ea3aceee4b8068ba3aadbecf9ec778eef090bb64d";
        assert_eq!(
            header("kanban-hook-secret"),
            ("x-hub-signature-256".into(), sign.into())
        );
    }

    #[test]
    fn a_secret_that_cannot_sign_is_refused_and_not_repeated() {
        let two = format!("{K1} whsec_sesame");
        let other = format!("{K1} sesame");
        for bad in ["", " ", "whsec_sesame", "whsk_sesame", &two, &other] {
            let why = Signer::read(bad).err().unwrap();
            assert!(
                why.starts_with("secret: ") && !why.contains("sesame"),
                "{why}"
            );
        }
    }
}

//! This machine, as a claim names it. Asked only where something is started: an idle tick has no use for it.

use crate::platform;

/// What is the same for every claim of a batch.
pub struct Here {
    /// The id of the machine.
    pub host: String,
    /// The id of its boot.
    pub boot: String,
    /// Who claims, as Hermes reads it.
    pub claimer: String,
}

impl Here {
    /// Asks.
    pub fn find() -> Self {
        Self {
            host: platform::machine_id(),
            boot: platform::boot_id(),
            claimer: format!("{}:{}", platform::host_name(), std::process::id()),
        }
    }
}

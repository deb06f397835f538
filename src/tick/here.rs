//! This machine, as a claim names it. Asked only where something is started: an idle tick has no use for it.

use crate::platform;
use crate::worker::liveness;

/// What is the same for every claim of a batch.
pub struct Here {
    /// The id of the machine.
    pub host: String,
    /// Its boot, and the PID namespace of this process.
    pub here: liveness::Here,
    /// Who claims, as Hermes reads it.
    pub claimer: String,
}

impl Here {
    /// Asks.
    pub fn find() -> Self {
        Self {
            host: platform::machine_id(),
            here: liveness::Here::find(),
            claimer: format!("{}:{}", platform::host_name(), std::process::id()),
        }
    }
}

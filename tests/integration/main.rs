//! Behaviour of the real program, with the real SQLite and real processes.

//! Secrets: plaintext lives here and nowhere else.

pub mod slot;

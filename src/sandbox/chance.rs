//! Secrets nobody can guess, and the fingerprints under which they are remembered.
//!
//! Only fingerprints are kept, so the state file holds no token that works.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::SecureRandom;
use ring::rand::SystemRandom;

/// The machine gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the machine gave no randomness")]
pub(crate) struct NoChance(#[from] ring::error::Unspecified);

/// A new token: the prefix that says what it is, then 256 random bits.
pub(crate) fn token(prefix: &str) -> Result<String, NoChance> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// What a token is remembered by: its SHA-256, which is also the S256 of PKCE.
pub(crate) fn fingerprint(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

//! People as they sign in, whatever workspace they are in: passwords, sessions, one-time links, and how guesses are slowed.

pub mod links;
pub mod passwords;
pub mod sessions;
pub mod throttle;
pub mod users;

use ring::digest::SHA256;
use ring::digest::digest;

/// What the tables keep of a token that a browser or a program holds (D-50, D-52).
pub fn token_hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

//! Mail: what one looks like, the letters Odeus writes, and the ways to hand one over. Links come in as finished
//! strings, so this room knows neither addresses of pages nor tokens.

pub mod failure;
mod files;
pub mod letter;
pub mod message;
pub mod server;
mod smtp;
#[cfg(test)]
mod tls_tests;
pub mod transport;

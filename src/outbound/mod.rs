//! The one way out: which addresses may be called, how large and slow an answer may be, and the client that keeps to it.

pub mod addresses;
pub mod allowlist;
pub mod answer;
pub mod client;
pub mod failure;
pub mod guard;
pub mod label;
pub mod origin;
pub mod queue;
pub mod request;
pub mod resolver;
pub mod unpack;

#[cfg(test)]
mod tests;

//! The one way out: which addresses may be called, how large and slow an answer may be, and the client that keeps to it.

pub mod origin;
pub mod request;

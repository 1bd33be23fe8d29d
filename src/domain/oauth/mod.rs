//! Stub.

pub mod renewal;

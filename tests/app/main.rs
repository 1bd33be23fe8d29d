//! The tests that need more than one function: over HTTP, over the database, over the sources.

mod architecture;
mod config;
mod embedded;
mod policy;
mod snapshot;

//! The tests that need more than one function: over HTTP, over the database, over the sources.

mod accounts;
mod agents;
mod architecture;
mod config;
mod embedded;
mod outbox;
mod policy;
mod runs;
mod send_mail;
mod snapshot;
mod support;

//! The tests that need more than one function: over HTTP, over the database, over the sources.

mod accounts;
#[cfg(test)]
mod api;
mod architecture;
mod config;
mod embedded;
mod outbox;
mod policy;
#[cfg(test)]
mod schema;
mod send_mail;
mod snapshot;
mod support;
#[cfg(test)]
mod visible;

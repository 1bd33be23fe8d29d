//! The tests that need more than one function: over HTTP, over the database, over the sources.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod agent_pages;
#[cfg(test)]
mod agents;
#[cfg(test)]
mod api;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod batched;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod config;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod embedded;
#[cfg(test)]
mod explanation;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod integration_access;
mod integrations;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod losses;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod people;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod profile;
#[cfg(test)]
mod revocations;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod run_pages;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod scale;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod search;
#[cfg(test)]
mod send_mail;
#[cfg(test)]
mod share_mails;
#[cfg(test)]
mod share_pages;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod support;
#[cfg(test)]
mod under_way;
#[cfg(test)]
mod visible;

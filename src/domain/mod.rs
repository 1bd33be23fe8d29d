//! What is true without a browser. One folder per noun, from left to right: audit, outbox, accounts, people,
//! integrations, connections, oauth, agents, runs; a noun names only nouns to its left.

pub mod outbox;

//! What is true without a browser. A noun names only nouns to its left:
//! `audit < outbox < accounts < people < integrations < connections < oauth < agents < runs`.

pub mod accounts;
pub mod agents;
pub mod audit;
pub mod connections;
pub mod integrations;
pub mod oauth;
pub mod outbox;
pub mod people;
pub mod runs;

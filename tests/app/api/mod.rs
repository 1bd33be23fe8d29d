//! The API, as programs meet it: every call the good way and the bad way, in its exact shape.

mod agents;
mod audit;
mod connections;
mod description;
mod groups;
mod imports;
mod integrations;
mod manners;
mod me;
mod members;
mod oauth;
mod repeats;
mod roles;
mod runs;
mod shares;
pub(crate) mod stage;
mod tenants;

//! Who may do what. Facts go in, a decision comes out: no database, no HTTP, so the rules can be tested exhaustively.
//! A proof ([`proof::Authorized`]) has one maker, which asks the policy; see the three locks in README.

pub mod actions;
pub mod actor;
pub mod facts;
mod integrations;
pub mod policy;
pub mod proof;

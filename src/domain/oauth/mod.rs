//! OAuth 2.0 connections: the flow from "Connect" to the callback (D-20 to D-23), and tokens that renew themselves (R14).

pub mod callback;
pub mod flows;
pub mod renewal;
pub mod revocation;
pub mod trial;

mod address;
mod endpoint;

//! External tools: an OpenAPI document read into auth methods and actions, and a request built from an action.
//!
//! Everything here about documents and requests is pure. A document is data from a stranger (D-70): nothing in it is
//! fetched, executed or trusted to stay small.

pub mod catalog;
pub mod definition;
pub mod document;
pub mod form;
pub mod validation;

pub mod access;
pub mod custom;
mod fingerprint;
pub mod integration;
pub mod registry;
mod request;
mod serialize;
pub mod settings;
pub mod tenant;

#[cfg(test)]
mod tests;

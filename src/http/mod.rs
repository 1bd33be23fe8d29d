//! What the faces share: the gate that every request passes, sessions, forgery protection, errors, pages, forms, addresses.

pub mod answer;
pub mod assets;
pub mod audit;
pub mod body;
pub mod credential;
pub mod csrf;
pub mod error;
pub mod form;
pub mod gate;
pub mod headers;
pub mod help;
pub mod json;
pub mod look;
pub mod metrics;
pub mod page;
pub mod pending;
pub mod probes;
pub mod query;
pub mod render;
pub mod serving;
pub mod session;
pub mod situations;
mod unique;
pub mod urls;

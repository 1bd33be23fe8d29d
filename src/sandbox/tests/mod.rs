//! The sandbox over its own socket: a started server, spoken to in plain HTTP.

mod apis;
mod code_flow;
mod documents;
mod keeping;
mod pages;
mod service_account;
mod support;
mod tokens;

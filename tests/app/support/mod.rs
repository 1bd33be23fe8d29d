//! What tests stand on: a database for each, the real app on a port of its own, clients that read pages as a browser
//! does, and a cast of people with names.

mod app;
pub(crate) mod cast;
pub(crate) mod client;
mod database;
mod form;
mod log;
pub(crate) mod outside;
pub(crate) mod stage;

pub(crate) use crate::support::app::Options;
pub(crate) use crate::support::app::TestApp;
pub(crate) use crate::support::client::Answer;
pub(crate) use crate::support::client::Client;
pub(crate) use crate::support::database::TestDatabase;
pub(crate) use crate::support::database::database;
pub(crate) use crate::support::form::Form;
pub(crate) use crate::support::outside::Outside;

//! Who acts as whom: runs of agent actions against a real database and a provider that answers as told.

mod access_losses;
mod door_losses;
mod endings;
mod history;
mod ledger;
mod lent;
mod losses;
mod outside;
mod own;
mod plans;
mod renewal;
mod repeats;
mod share_losses;
mod together;
pub(crate) mod world;

//! Saved authentication links. A connection belongs to whoever made it and is private until shared (R1); its secret goes
//! in and never comes out again (R2).

pub mod check;
pub mod connecting;
pub mod connection;
pub mod departures;
pub mod lifecycle;
pub mod lifetime;
pub mod revocations;
pub mod secrets;
pub mod shares;
pub mod transfers;
pub mod visible;
mod ways;

pub use crate::domain::connections::connection::Connection;
pub use crate::domain::connections::connection::ConnectionStatus;
pub use crate::domain::connections::visible::attachable;
pub use crate::domain::connections::visible::usable;

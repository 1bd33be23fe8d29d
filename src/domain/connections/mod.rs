//! Stub.

pub mod connection;
pub mod secrets;
pub mod visible;

pub use crate::domain::connections::connection::Connection;
pub use crate::domain::connections::connection::ConnectionStatus;
pub use crate::domain::connections::visible::attachable;
pub use crate::domain::connections::visible::usable;

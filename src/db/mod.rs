//! .

pub mod schema;

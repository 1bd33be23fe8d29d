//! The client against small raw servers: what leaves, what comes back, and what does not.

mod certificates;
mod limits;
mod roads;
mod server;

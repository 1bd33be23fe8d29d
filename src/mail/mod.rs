//! Mail: what one looks like, the letters Odeus writes, and the ways to hand one over. Links come in as finished
//! strings, so this room knows neither addresses of pages nor tokens.

mod files;
pub mod letter;
pub mod message;
mod smtp;
pub mod transport;

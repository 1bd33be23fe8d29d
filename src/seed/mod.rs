//! Sample data for the demo, through the same functions as the pages.

pub mod people;
pub mod sample;

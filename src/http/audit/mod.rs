//! The log as both faces show it: what is asked for, what an entry says in words, and the whole of it as a file.

pub mod answer;
pub mod export;
pub mod query;
pub mod words;

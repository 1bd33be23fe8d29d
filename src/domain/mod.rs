//! What is true without a browser: one room per noun, each naming only nouns to its left.

pub mod integrations;

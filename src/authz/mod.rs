//! Who may do what: facts in, decision out.

pub mod facts;

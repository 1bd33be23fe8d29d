//! Words that every room uses and that name no other room: ids, the clock, text rules, pages of lists.

pub mod clock;
pub mod ids;
pub mod paging;
pub mod text;
pub mod words;

//! Who would lose what, said before it is taken away: by a group or a person that goes, by a role that may do less. It decides nothing, and it counts people who
//! have no other way to a thing, not everybody who has this one.

pub mod group;
pub mod integration;
pub mod listed;
pub mod member;
pub mod orphans;
pub mod role;
pub mod share;

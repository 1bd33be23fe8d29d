//! The pages of agents, read and pressed as a person does: building one, running its actions, and what stands between a
//! call and its answer.

mod building;
mod calling;
mod questions;
mod sharing;
pub(crate) mod stage;

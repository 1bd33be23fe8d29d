//! Agents: named helpers with actions, used by the people they are shared with. An action runs with each caller's own
//! credentials, or with a connection that somebody who may has put there (R8, R10).

pub mod access;
pub mod actions;
pub mod agent;
pub mod agent_action;
pub mod binding;
pub mod joins;
pub mod losses;
pub mod notices;
pub mod shares;
pub mod told;
pub mod visible;

pub use crate::domain::agents::agent::Agent;
pub use crate::domain::agents::agent_action::AgentAction;
pub use crate::domain::agents::agent_action::AgentActionKey;

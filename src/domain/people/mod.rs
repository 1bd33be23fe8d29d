//! Workspaces and the people in them: memberships with their roles, the actor that every request acts as, API tokens.

pub mod account_events;
pub mod actors;
pub mod grantee;
pub mod groups;
pub mod invitations;
pub mod mail_preferences;
pub mod members;
pub mod memberships;
pub mod roles;
pub mod search;
pub mod standing;
pub mod tokens;
pub mod workspaces;

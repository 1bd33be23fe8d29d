//! A call of an agent's action that waits for a connection (R9): carried through the pages on which one is made, or brought
//! back to life, so that the call goes on afterwards with what was filled in.

use serde::Deserialize;

use crate::domain::oauth::flows::ReturnTo;
use crate::kernel::text;

/// The call that waits.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Where to go back to.
    pub to: ReturnTo,
    /// The hidden fields that carry it, and the parts of an address.
    pub fields: Vec<(&'static str, String)>,
}

/// The same as a form or an address says it.
#[derive(Debug, Default, Deserialize)]
pub struct PendingFields {
    /// The agent.
    pub agent: Option<String>,
    /// Its action.
    pub action: Option<String>,
    /// The inputs that were kept.
    pub draft: Option<String>,
}

impl Pending {
    /// The longest name of a draft.
    const DRAFT: usize = 100;

    /// From what was said; nothing if that names no action.
    pub fn read(said: PendingFields) -> Option<Self> {
        let (agent, action) = (said.agent?.parse().ok()?, said.action?.parse().ok()?);
        let draft = text::line(&said.draft.unwrap_or_default(), Self::DRAFT).unwrap_or_default();
        let fields = vec![("agent", format!("{agent}")), ("action", format!("{action}")), ("draft", draft.clone())];
        Some(Self { to: ReturnTo::AgentAction { agent, action, draft }, fields })
    }

    /// Where to go once there is a connection: back to the call, if one waits.
    pub fn return_to(pending: Option<Self>) -> ReturnTo {
        pending.map_or(ReturnTo::Connection, |pending| pending.to)
    }
}

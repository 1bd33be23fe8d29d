//! Explains whether a person may use a connection: by what, or which rules stop them. It asks what a call asks: the facts are
//! loaded for that person as their own call loads them, and the policy that decides their calls decides here, so that the
//! answer cannot be another. It never acts as them.
//!
//! What whoever asks may not see stays unseen: an agent of others is not named. Of another person's OAuth connection an admin
//! knows integration, owner and state alone (R1): they read whose it is and that nobody else uses it, and of the agents that
//! act through it those which they can open themselves.

mod agents;
mod rules;

use chrono::Duration;
use diesel::pg::PgConnection;

use crate::authz::actions::Attach;
use crate::authz::actions::Connect;
use crate::authz::actions::Explain;
use crate::authz::actions::Run;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::OwnFacts;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::database_errors;
use crate::db::DbError;
use crate::domain::connections::Connection;
use crate::domain::connections::shares;
use crate::domain::connections::shares::Way;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::people::actors;
use crate::domain::people::memberships::Membership;
use crate::domain::runs::explanation::rules::Words;
use crate::domain::runs::own;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::words;

pub use crate::domain::runs::explanation::agents::ThroughAgent;
pub use crate::domain::runs::explanation::rules::Rule;

/// How far back a share that ended is worth a word.
const RECENTLY: Duration = Duration::days(365);

words! {
    /// By what a person may attach a connection to agents.
    Standing {
        /// They own it.
        Owner = "owner",
        /// They are a workspace admin.
        Admin = "admin",
        /// A share says so.
        Share = "share",
    }
}

/// What a person may do with a connection, and why.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The person.
    pub person: Membership,
    /// Whether they own it.
    pub is_owner: bool,
    /// Everything that stops them from using it themselves, what a call of theirs meets first before the rest.
    pub stopped_by: Vec<Rule>,
    /// Everything that stops them from attaching it to an agent.
    pub attaching_stopped_by: Vec<Rule>,
    /// By what they may attach it, if they may.
    pub attaches_as: Option<Standing>,
    /// Every living share that reaches them, the strongest first.
    pub ways: Vec<Way>,
    /// When the last share that reached them ended, where none does now.
    pub ended_at: Option<Timestamp>,
    /// The actions of agents on which it is preselected.
    pub agents: Listed<ThroughAgent>,
}

impl Explanation {
    /// Whether they may use it themselves.
    pub fn may_use(&self) -> bool {
        self.stopped_by.is_empty()
    }
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Nobody whom the actor may see has that id.
    #[error("There is no such person in this workspace.")]
    NoSuchPerson,
    /// The connection was deleted meanwhile.
    #[error("This connection was deleted meanwhile.")]
    Gone,
    /// The definition could not be had.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ExplainError);

/// Explains what a person may do with the connection; `page` is of the actions of agents.
pub fn explain(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Explain, Connection>,
    user: UserId,
    page: &Page,
) -> Result<Explanation, ExplainError> {
    let (asker, connection) = (proof.actor(), proof.resource());
    let person = match authorize::<View, Membership>(conn, asker.clone(), &user) {
        Ok(seen) => seen.into_parts().1,
        Err(Denied::Hidden | Denied::Forbidden(_)) => return Err(ExplainError::NoSuchPerson),
        Err(Denied::Database(error)) => return Err(error.into()),
    };
    let mut words = Words { person: &person.name, role: person.role, connection, ended_at: None };
    let mut answer = Explanation {
        is_owner: connection.owner == user,
        stopped_by: vec![words.deactivated()],
        attaching_stopped_by: vec![words.deactivated()],
        attaches_as: None,
        ways: Vec::new(),
        ended_at: None,
        agents: Listed { items: Vec::new(), next: None },
        person: person.clone(),
    };
    let Some(actor) = actors::of_member(conn, asker.workspace, user, asker.at)? else { return Ok(answer) };
    let call = own::direct(conn, &actor, connection.id)?.ok_or(ExplainError::Gone)?;
    let facts = call.facts();
    answer.ways =
        shares::ways_of(conn, actor.workspace, connection.id, actor.at, vec![user])?.remove(&user).unwrap_or_default();
    if answer.ways.is_empty() && facts.connection.auth_type != AuthType::Oauth {
        answer.ended_at = shares::last_end(conn, &actor, connection.id)?.filter(|end| *end > actor.at - RECENTLY);
        words.ended_at = answer.ended_at;
    }
    let definition = registry.find(conn, actor.workspace, &connection.integration)?;
    answer.stopped_by = words.all(using(&actor, facts));
    answer.attaching_stopped_by = words.all(attaching(&actor, facts));
    if definition.is_none() {
        answer.stopped_by.push(words.integration_gone());
        answer.attaching_stopped_by.push(words.integration_gone());
    }
    answer.stopped_by.extend(words.status(call.target.secret.status));
    answer.attaches_as = standing(&actor, facts.connection).filter(|_| answer.attaching_stopped_by.is_empty());
    answer.agents = agents::through(conn, definition.as_deref(), asker, &actor, &words, page)?;
    Ok(answer)
}

/// Why a call of theirs is refused, what it meets first before the rest.
fn using(actor: &Actor, facts: OwnFacts) -> Vec<Reason> {
    let decided = <Run as Permits<OwnFacts>>::permits(actor, &facts);
    let integration = <Connect as Permits<IntegrationFacts>>::permits(actor, &facts.action.integration);
    let connection = <Use as Permits<ConnectionFacts>>::permits(actor, &facts.connection);
    distinct([decided, integration, connection])
}

/// Why they cannot attach it.
fn attaching(actor: &Actor, facts: OwnFacts) -> Vec<Reason> {
    let decided = <Attach as Permits<ConnectionFacts>>::permits(actor, &facts.connection);
    let integration = <Connect as Permits<IntegrationFacts>>::permits(actor, &facts.action.integration);
    distinct([decided, integration])
}

fn distinct(decisions: impl IntoIterator<Item = Result<(), Reason>>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for reason in decisions.into_iter().filter_map(Result::err) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

fn standing(actor: &Actor, facts: ConnectionFacts) -> Option<Standing> {
    if facts.is_owner {
        return Some(Standing::Owner);
    }
    if actor.is_admin() {
        return Some(Standing::Admin);
    }
    facts.shared.map(|_| Standing::Share)
}

//! What stands between a person and the actions of an agent, said before they run one. It decides nothing: each call is
//! asked for anew when it begins, by the same resolution.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actions::Run;
use crate::authz::actions::Use;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Permits;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::db::schema::connection_choices;
use crate::domain::agents::Agent;
use crate::domain::agents::actions::ListedAction;
use crate::domain::connections;
use crate::domain::connections::Connection;
use crate::domain::integrations::integration::Integration;
use crate::domain::runs::resolution::Candidate;
use crate::domain::runs::resolution::Resolution;
use crate::domain::runs::resolution::resolve;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;

/// What an action needs from whoever wants to run it.
#[derive(Clone, Debug)]
pub enum Readiness {
    /// Nothing: it runs as the connection that was put on it (R11).
    Preselected,
    /// Nothing: it runs as this connection of theirs, whatever its state is.
    As(Box<Connection>),
    /// A connection (R9).
    Connect,
    /// That they say which of so many connections (R8).
    Choose(usize),
    /// A rule says no; the reason names who can help.
    Refused(Reason),
    /// The integration does not have it any more.
    Gone,
}

/// What each of the agent's actions needs from the actor, in their order.
pub fn readiness(
    conn: &mut PgConnection,
    proof: &Authorized<View, Agent>,
    actions: &[ListedAction],
) -> QueryResult<Vec<Readiness>> {
    let (actor, agent) = (proof.actor(), proof.resource());
    let mut desk = Desk { actor, agent: agent.facts(), chosen: chosen(conn, actor, agent.id)?, kept: HashMap::new() };
    actions.iter().map(|listed| desk.look(conn, listed)).collect()
}

/// What one action of an agent needs from the actor.
pub fn readiness_of(conn: &mut PgConnection, actor: &Actor, listed: &ListedAction) -> QueryResult<Readiness> {
    let action = &listed.action;
    let chosen = chosen(conn, actor, action.agent)?;
    Desk { actor, agent: action.facts(), chosen, kept: HashMap::new() }.look(conn, listed)
}

/// What the actor chose on this agent, by integration.
fn chosen(conn: &mut PgConnection, actor: &Actor, agent: AgentId) -> QueryResult<HashMap<String, ConnectionId>> {
    let choices: Vec<(String, ConnectionId)> = connection_choices::table
        .filter(connection_choices::workspace_id.eq(actor.workspace))
        .filter(connection_choices::user_id.eq(actor.user))
        .filter(connection_choices::agent_id.eq(agent))
        .select((connection_choices::integration, connection_choices::connection_id))
        .load(conn)?;
    Ok(choices.into_iter().collect())
}

/// One look at an agent; an integration's connections are read once.
struct Desk<'a> {
    actor: &'a Actor,
    agent: AgentFacts,
    chosen: HashMap<String, ConnectionId>,
    kept: HashMap<String, (Option<Arc<Integration>>, Vec<Connection>)>,
}

impl Desk<'_> {
    fn look(&mut self, conn: &mut PgConnection, listed: &ListedAction) -> QueryResult<Readiness> {
        let action = &listed.action;
        let Some(definition) = listed.definition() else { return Ok(Readiness::Gone) };
        let (integration, connections) = self.of_integration(conn, &action.integration)?;
        let Some(integration) = integration else { return Ok(Readiness::Gone) };
        let open = <Run as Permits<AgentFacts>>::permits(self.actor, &self.agent).and_then(|()| {
            <Use as Permits<ActionFacts>>::permits(self.actor, &integration.action_facts(&action.action))
        });
        if let Err(reason) = open {
            return Ok(Readiness::Refused(reason));
        }
        Ok(match action.credentials {
            CredentialMode::Own => resolved(&connections, &definition.auth_types, self.chosen.get(&action.integration)),
            CredentialMode::Preselected => match listed.binding.as_ref().map(|binding| binding.trouble) {
                Some(None) => Readiness::Preselected,
                Some(Some(reason)) => Readiness::Refused(reason),
                None => Readiness::Refused(Reason::BindingBroken),
            },
        })
    }

    fn of_integration(
        &mut self,
        conn: &mut PgConnection,
        key: &str,
    ) -> QueryResult<(Option<Arc<Integration>>, Vec<Connection>)> {
        if let Some(kept) = self.kept.get(key) {
            return Ok(kept.clone());
        }
        let integration = Integration::load(conn, self.actor, &key.to_owned())?.map(Arc::new);
        let found = (integration, connections::usable(conn, self.actor, key)?);
        self.kept.insert(key.to_owned(), found.clone());
        Ok(found)
    }
}

fn resolved(connections: &[Connection], admitted: &[AuthType], chosen: Option<&ConnectionId>) -> Readiness {
    let fitting: Vec<&Connection> = connections.iter().filter(|it| admitted.contains(&it.auth_type)).collect();
    let looked_at: Vec<Candidate> =
        fitting.iter().map(|it| Candidate { is_own: it.is_owner, is_remembered: chosen == Some(&it.id) }).collect();
    match resolve(&looked_at) {
        Resolution::Use(place) => {
            fitting.get(place).map_or(Readiness::Connect, |it| Readiness::As(Box::new((*it).clone())))
        }
        Resolution::Connect => Readiness::Connect,
        Resolution::Choose => Readiness::Choose(fitting.len()),
    }
}

//! Letters about connections, to those who own or use them.

use diesel::pg::PgConnection;
use serde::Deserialize;

use crate::authz::actions::Connect;
use crate::authz::actions::Run;
use crate::authz::actions::Use;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::CredentialMode;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::domain::agents::AgentAction;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::notices;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::visible;
use crate::domain::integrations::integration::Integration;
use crate::domain::outbox::Claimed;
use crate::jobs::compose::Composer;
use crate::jobs::compose::Letter;
use crate::jobs::compose::of_registry;
use crate::jobs::compose::reader;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::WorkspaceId;
use crate::mail::letter::AgentNeedsConnection;
use crate::mail::letter::ConnectionAttached;
use crate::mail::letter::Heading;
use crate::mail::letter::NeedsReconnect;

#[derive(Deserialize)]
struct ConnectionPayload {
    connection: ConnectionId,
}

#[derive(Deserialize)]
struct AttachedPayload {
    connection: ConnectionId,
    action: AgentActionId,
}

#[derive(Deserialize)]
struct AgentPayload {
    agent: AgentId,
    action: AgentActionId,
}

impl Composer {
    pub(super) fn needs_reconnect(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let payload = ConnectionPayload::deserialize(&mail.payload)?;
        let Some((workspace, owner)) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let Some(connection) = Connection::load(tx, &owner, &payload.connection)? else { return Ok(None) };
        if connection.status != ConnectionStatus::NeedsReconnect || !connection.is_owner {
            return Ok(None);
        }
        let definition = self.registry.find(tx, workspace.id, &connection.integration).map_err(of_registry)?;
        let letter = NeedsReconnect {
            integration: definition.map_or(connection.integration, |definition| definition.name.clone()),
            connection: connection.name,
            reason: connection.status_reason.unwrap_or_default(),
            link: (self.addresses.connection)((workspace.slug, connection.id)),
        };
        Ok(Some(letter.message(heading)?))
    }

    /// Not if the owner attached it themselves meanwhile, or it is no longer there.
    pub(super) fn connection_attached(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let AttachedPayload { connection, action } = AttachedPayload::deserialize(&mail.payload)?;
        let Some((workspace, owner)) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let Some(connection) = Connection::load(tx, &owner, &connection)?.filter(|it| it.is_owner) else {
            return Ok(None);
        };
        let attached = notices::find_attachment(tx, workspace.id, action, connection.id)?;
        let Some(attached) = attached.filter(|it| it.attached_by != owner.user) else { return Ok(None) };
        let face = self.face(tx, workspace.id, &connection.integration, &attached.action)?;
        let letter = ConnectionAttached {
            attacher: attached.attacher,
            connection: connection.name,
            integration: face.integration,
            action: face.action,
            agent: attached.agent,
            link: (self.addresses.connection)((workspace.slug, connection.id)),
        };
        Ok(Some(letter.message(heading)?))
    }

    /// Not to somebody who may no longer run it, who has a connection meanwhile, or who may not make one.
    pub(super) fn agent_needs_connection(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let AgentPayload { agent, action } = AgentPayload::deserialize(&mail.payload)?;
        let Some((workspace, caller)) = reader(tx, mail, heading.at)? else { return Ok(None) };
        let key = AgentActionKey { agent, action };
        let Some(action) = permitted(authorize::<Run, AgentAction>(tx, caller.clone(), &key))? else { return Ok(None) };
        if action.credentials != CredentialMode::Own
            || !may_call(tx, &caller, &action)?
            || !visible::usable(tx, &caller, &action.integration)?.is_empty()
        {
            return Ok(None);
        }
        let face = self.face(tx, workspace.id, &action.integration, &action.action)?;
        let letter = AgentNeedsConnection {
            agent: action.agent_name,
            action: face.action,
            integration: face.integration,
            link: (self.addresses.agent_action)((workspace.slug, key.agent, key.action)),
        };
        Ok(Some(letter.message(heading)?))
    }

    /// What an integration and its action are called; by their keys where the document does not have them any more.
    fn face(
        &self,
        tx: &mut PgConnection,
        workspace: WorkspaceId,
        key: &str,
        action: &str,
    ) -> Result<Face, ComposeError> {
        let definition = self.registry.find(tx, workspace, key).map_err(of_registry)?;
        let named = definition.as_ref().and_then(|it| it.action(action)).map(|it| it.name.clone());
        Ok(Face {
            integration: definition.map_or_else(|| key.to_owned(), |it| it.name.clone()),
            action: named.unwrap_or_else(|| action.to_owned()),
        })
    }
}

/// Whether the policy lets somebody call the action, with whichever connection.
fn may_call(tx: &mut PgConnection, caller: &Actor, action: &AgentAction) -> Result<bool, ComposeError> {
    let integration = permitted(authorize::<Connect, Integration>(tx, caller.clone(), &action.integration))?;
    let facts = integration.map(|it| it.action_facts(&action.action));
    Ok(facts.is_some_and(|facts| <Use as Permits<ActionFacts>>::permits(caller, &facts).is_ok()))
}

/// What an action is called.
struct Face {
    integration: String,
    action: String,
}

/// What somebody may; nothing if they may not. That is no failure here.
fn permitted<A, R>(decision: Result<Authorized<A, R>, Denied>) -> Result<Option<R>, ComposeError> {
    match decision {
        Ok(proof) => Ok(Some(proof.into_parts().1)),
        Err(Denied::Hidden | Denied::Forbidden(_)) => Ok(None),
        Err(Denied::Database(error)) => Err(error.into()),
    }
}

//! Letters about connections, to those who own or use them.

use diesel::pg::PgConnection;
use serde::Deserialize;

use crate::authz::proof::Guarded;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::outbox::Claimed;
use crate::domain::people::actors;
use crate::domain::people::actors::Arrival;
use crate::domain::people::workspaces;
use crate::jobs::compose::Composer;
use crate::jobs::compose::Letter;
use crate::jobs::send_mail::ComposeError;
use crate::kernel::ids::ConnectionId;
use crate::mail::letter::Heading;
use crate::mail::letter::NeedsReconnect;

#[derive(Deserialize)]
struct ConnectionPayload {
    connection: ConnectionId,
}

impl Composer {
    pub(super) fn needs_reconnect(&self, tx: &mut PgConnection, mail: &Claimed, heading: Heading) -> Letter {
        let payload = ConnectionPayload::deserialize(&mail.payload)?;
        let mut all = workspaces::of_user(tx, mail.user)?.into_iter();
        let Some(workspace) = all.find(|workspace| Some(workspace.id) == mail.workspace) else { return Ok(None) };
        let arrival = Arrival { ip: None, at: heading.at };
        let Some(owner) = actors::in_workspace(tx, &workspace.slug, mail.user, arrival)? else { return Ok(None) };
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
}

fn of_registry(error: RegistryError) -> ComposeError {
    match error {
        RegistryError::Unreadable(_) => ComposeError::Delayed(Box::new(error)),
        RegistryError::Database(error) => error.into(),
    }
}

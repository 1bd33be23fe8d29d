//! The ways to connect an integration, of which admins can keep some for themselves.

use diesel::pg::PgConnection;

use crate::authz::actions::Connect;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;

/// The way, if the integration offers it.
pub(in crate::domain::connections) fn offered(
    definition: &Definition,
    auth_type: AuthType,
) -> Result<&AuthMethod, ConnectError> {
    definition.method(auth_type).ok_or_else(|| ConnectError::NotOffered(definition.name.clone()))
}

/// Whether the actor may connect the integration in this way.
pub(in crate::domain::connections) fn check(
    actor: &Actor,
    integration: &Integration,
    auth_type: AuthType,
) -> Result<(), ConnectError> {
    <Connect as Permits<MethodFacts>>::permits(actor, &integration.method_facts(auth_type))
        .map_err(ConnectError::NotAllowed)
}

/// The same, of the integration with this key.
pub(in crate::domain::connections) fn check_key(
    conn: &mut PgConnection,
    actor: &Actor,
    key: &String,
    auth_type: AuthType,
) -> Result<(), ConnectError> {
    let integration = Integration::load(conn, actor, key)?.ok_or(ConnectError::Gone)?;
    check(actor, &integration, auth_type)
}

//! Changing a connection: its credential, its name, whether it is switched on. The rights to all of it are asked for before
//! anything changes; then the credential goes first, because the provider has a say in it.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::connections::answers::Connection;
use crate::api::connections::fields::Fields;
use crate::api::connections::fields::refused;
use crate::authz::actions::Disable;
use crate::authz::actions::Maintain;
use crate::authz::actions::View;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection as Saved;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::connecting::Connecting;
use crate::domain::connections::lifecycle;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::ids::ConnectionId;
use crate::kernel::text;

/// What changes about a connection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionChanges {
    /// What to call it.
    name: Option<String>,
    /// A whole credential in place of the one before.
    fields: Option<Fields>,
    /// Switches it off or on.
    status: Option<Switch>,
}

impl Input for ConnectionChanges {}

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ConnectionSwitch)]
#[serde(rename_all = "snake_case")]
enum Switch {
    /// It can.
    Active,
    /// It cannot, until it is switched on again.
    Disabled,
}

/// Change a connection
///
/// For its owner; `status` for admins, too. A new credential is tried before it takes the place of the one before; shares
/// and agents keep working.
#[utoipa::path(patch, path = "/api/v1/connections/{connection}", operation_id = "updateConnection", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    request_body = ConnectionChanges,
    responses(
        (status = 200, description = "The connection as it is now", body = Connection),
        (status = 403, description = "`forbidden`: the caller may not change this", body = json::Problem),
        (status = 409, description = "`browser_required`: `connect_url` is where its owner reconnects it; \
            `changed_meanwhile`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`; `credential_refused`: the provider did not take it; \
            `provider_unreachable`: it could not be asked", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<View, Saved>,
    Body(changes): Body<ConnectionChanges>,
    db: Data<Db>,
    registry: Data<Registry>,
    connecting: Data<Connecting>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let ConnectionChanges { name, fields, status } = changes;
    let name = name.as_deref().map(text::name).transpose().map_err(|error| Error::invalid("name", error))?;
    let (actor, connection) = proof.into_parts();
    let (by, id, is_maintained) = (actor.clone(), connection.id, name.is_some() || fields.is_some());
    let maintain = db
        .read(move |conn| {
            if status.is_some() {
                authorize::<Disable, Saved>(conn, by.clone(), &id)?;
            }
            let maintain = is_maintained.then(|| authorize::<Maintain, Saved>(conn, by, &id)).transpose()?;
            Ok::<_, Error>(maintain)
        })
        .await?;
    if let (Some(Fields(fields)), Some(proof)) = (fields, maintain) {
        let definition = replaceable(&proof, &db, registry, &public).await?;
        connecting.replace_secret(proof, definition, fields).await.map_err(refused)?;
    }
    let now = db
        .write(move |tx| {
            if let Some(name) = name {
                let proof = authorize::<Maintain, Saved>(tx, actor.clone(), &id)?;
                lifecycle::rename(tx, &proof, &name)?;
            }
            if let Some(status) = status {
                let proof = authorize::<Disable, Saved>(tx, actor.clone(), &id)?;
                switch(tx, &proof, status)?;
            }
            Ok::<_, Error>(authorize::<View, Saved>(tx, actor, &id)?)
        })
        .await?;
    Ok(json::ok(&Connection::of(now.into_parts().1)))
}

/// The definition, if the credential is one that is typed in.
async fn replaceable(
    proof: &Authorized<Maintain, Saved>,
    db: &Db,
    registry: Data<Registry>,
    public: &PublicUrl,
) -> Result<Arc<Definition>, Error> {
    let (by, connection) = (proof.actor().clone(), proof.resource().clone());
    let (workspace, definition) = db
        .read(move |conn| {
            let workspace = Workspace::load(conn, &by, &())?.ok_or_else(Error::not_found)?;
            let definition = registry.find(conn, by.workspace, &connection.integration)?;
            Ok::<_, Error>((workspace, definition.ok_or_else(|| Error::nothing_named("integration"))?))
        })
        .await?;
    if proof.resource().auth_type == AuthType::Oauth {
        let page = Urls::of(&workspace.slug).connection(&proof.resource().id);
        return Err(Error::from(ConnectError::BrowserRequired).with("connect_url", public.absolute(&page)));
    }
    Ok(definition)
}

/// What is so already stays so.
fn switch(conn: &mut PgConnection, proof: &Authorized<Disable, Saved>, to: Switch) -> Result<(), Error> {
    match (proof.resource().status, to) {
        (ConnectionStatus::Disabled, Switch::Disabled) | (ConnectionStatus::Active, Switch::Active) => Ok(()),
        (_, Switch::Disabled) => Ok(lifecycle::disable(conn, proof)?),
        (_, Switch::Active) => Ok(lifecycle::enable(conn, proof)?),
    }
}

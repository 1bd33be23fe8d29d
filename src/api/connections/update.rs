//! Changing a connection: its name, its credential, or both. The credential goes first, because the provider has a say in
//! it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::connections::answers::Connection;
use crate::api::connections::fields::Fields;
use crate::api::connections::fields::refused;
use crate::authz::actions::Maintain;
use crate::authz::actions::View;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection as Saved;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::connecting::Connecting;
use crate::domain::connections::lifecycle;
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
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>, write_only)]
    fields: Option<Fields>,
}

impl Input for ConnectionChanges {}

/// Change a connection
///
/// For its owner. A new credential is tried before it takes the place of the one before; shares and agents keep working.
#[utoipa::path(patch, path = "/api/v1/connections/{connection}", operation_id = "updateConnection", tag = "Connections",
    params(("connection" = ConnectionId, Path)),
    request_body = ConnectionChanges,
    responses(
        (status = 200, description = "The connection as it is now", body = Connection),
        (status = 403, description = "`forbidden`: only the owner can", body = json::Problem),
        (status = 409, description = "`browser_required`: `connect_url` is where its owner reconnects it; \
            `changed_meanwhile`", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`; `credential_refused`: the provider did not take it; \
            `provider_unreachable`: it could not be asked", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<Maintain, Saved>,
    Body(changes): Body<ConnectionChanges>,
    db: Data<Db>,
    registry: Data<Registry>,
    connecting: Data<Connecting>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let name = changes.name.as_deref().map(text::name).transpose().map_err(|error| Error::invalid("name", error))?;
    let (actor, id) = (proof.actor().clone(), proof.resource().id);
    if let Some(Fields(fields)) = changes.fields {
        let (by, key, auth_type) = (actor.clone(), proof.resource().integration.clone(), proof.resource().auth_type);
        let found = db.read(move |conn| {
            let workspace = Workspace::load(conn, &by, &())?.ok_or_else(Error::not_found)?;
            let definition = registry.find(conn, by.workspace, &key)?;
            Ok::<_, Error>((workspace, definition.ok_or_else(|| Error::nothing_named("integration"))?))
        });
        let (workspace, definition) = found.await?;
        if auth_type == AuthType::Oauth {
            let connect_url = public.absolute(&Urls::of(&workspace.slug).connection(&id));
            return Err(Error::from(ConnectError::BrowserRequired).with("connect_url", connect_url));
        }
        connecting.replace_secret(proof, definition, fields).await.map_err(refused)?;
    }
    let changed = db
        .write(move |tx| {
            if let Some(name) = name {
                let proof = authorize::<Maintain, Saved>(tx, actor.clone(), &id)?;
                lifecycle::rename(tx, &proof, &name)?;
            }
            Ok::<_, Error>(authorize::<View, Saved>(tx, actor, &id)?)
        })
        .await?;
    Ok(json::ok(&Connection::of(changed.into_parts().1)))
}

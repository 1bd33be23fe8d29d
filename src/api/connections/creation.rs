//! Making a connection where no browser is needed. OAuth goes through the provider's own pages, so its answer is where to
//! send the person.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::connections::answers::Connection;
use crate::api::connections::fields::Fields;
use crate::api::connections::fields::refused;
use crate::authz::actions::Connect;
use crate::authz::actions::View;
use crate::authz::facts::AuthType;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::db::Db;
use crate::domain::connections::Connection as Saved;
use crate::domain::connections::connecting;
use crate::domain::connections::connecting::ConnectError;
use crate::domain::connections::connecting::Connecting;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::help;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;
use crate::kernel::text;

/// A connection to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConnection {
    /// The integration’s key.
    integration: String,
    auth_type: AuthType,
    /// What to call it; the integration’s name without.
    #[serde(default)]
    name: String,
    /// The credential: what the integration asks for with this `auth_type`.
    #[serde(default)]
    fields: Fields,
}

impl Input for NewConnection {}

/// Make a connection
///
/// It is tried before it is kept: nothing is stored of a credential that the provider refuses.
#[utoipa::path(post, path = "/api/v1/connections", operation_id = "createConnection", tag = "Connections",
    request_body = NewConnection,
    responses(
        (status = 201, description = "The connection, the caller’s own and private", body = Connection),
        (status = 403, description = "`forbidden`: the integration is restricted, or this way to connect it is kept for \
            admins; `who_can_help` names some", body = json::Problem),
        (status = 409, description = "`browser_required`: `connect_url` is where a person connects it", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`; `credential_refused`: the provider did not take it; \
            `provider_unreachable`: it could not be asked", body = json::Problem)))]
pub(super) async fn create(
    proof: Authorized<View, Workspace>,
    Body(new): Body<NewConnection>,
    db: Data<Db>,
    registry: Data<Registry>,
    connecting: Data<Connecting>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let name = text::line(&new.name, 100).map_err(|error| Error::invalid("name", error))?;
    let (actor, workspace) = proof.into_parts();
    let (key, by) = (new.integration, actor.clone());
    let connect_url = public.absolute(&Urls::of(&workspace.slug).integration(&key));
    let (proof, definition) = db
        .read(move |conn| {
            let proof = match authorize::<Connect, Integration>(conn, by.clone(), &key) {
                Ok(proof) => proof,
                Err(Denied::Hidden) => return Err(Error::nothing_named("integration")),
                Err(denied) => return Err(help::denied(conn, &by, denied)),
            };
            let method = proof.resource().method_facts(new.auth_type);
            if let Err(reason) = <Connect as Permits<MethodFacts>>::permits(&by, &method) {
                return Err(help::forbidden(conn, &by, reason)?);
            }
            let definition = registry.find(conn, proof.actor().workspace, &key)?;
            Ok::<_, Error>((proof, definition.ok_or_else(|| Error::nothing_named("integration"))?))
        })
        .await?;
    if new.auth_type == AuthType::Oauth && definition.method(AuthType::Oauth).is_some() {
        return Err(Error::from(ConnectError::BrowserRequired).with("connect_url", connect_url));
    }
    let new = connecting::NewConnection { auth_type: new.auth_type, name, fields: new.fields.0 };
    let id = connecting.connect(proof, definition, new).await.map_err(refused)?;
    let made = db.read(move |conn| Ok::<_, Error>(authorize::<View, Saved>(conn, actor, &id)?)).await?;
    Ok(json::created(&Connection::of(made.into_parts().1)))
}

//! What admins decide about an integration. Only the members that are given change.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::integrations::answers::Detail;
use crate::api::integrations::shown::Shown;
use crate::authz::actions::Configure;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::settings;
use crate::domain::integrations::settings::Audience;
use crate::domain::integrations::settings::Switch;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::urls::PublicUrl;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::vault::Vault;
use crate::vault::input::SecretInput;

/// What changes about an integration.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntegrationChanges {
    /// Whether it can be used, but by admins, who always can.
    enabled: Option<bool>,
    access: Option<AccessInput>,
    oauth_client: Option<OauthClientInput>,
}

impl Input for IntegrationChanges {}

/// For whom an integration is, in place of what was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessInput {
    /// For every member; nobody else needs to be named then.
    workspace: bool,
    /// For these people.
    #[serde(default)]
    users: Vec<UserId>,
    /// For the members of these groups.
    #[serde(default)]
    groups: Vec<GroupId>,
}

impl AccessInput {
    fn audience(self) -> Audience {
        if self.workspace { Audience::Everyone } else { Audience::Only { users: self.users, groups: self.groups } }
    }
}

/// The OAuth client that connections are made with. Connections of the client before have to be reconnected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OauthClientInput {
    client_id: String,
    /// It is kept as a secret and never shown. Public clients have none.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    client_secret: Option<SecretInput>,
}

/// Change an integration’s settings
///
/// For admins. Members that are not given stay as they are.
#[utoipa::path(patch, path = "/api/v1/integrations/{integration}", operation_id = "updateIntegration", tag = "Integrations",
    params(("integration" = String, Path, description = "Its key")),
    request_body = IntegrationChanges,
    responses(
        (status = 200, description = "The integration as it is now", body = Detail<'_>),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<Configure, Integration>,
    Body(changes): Body<IntegrationChanges>,
    db: Data<Db>,
    vault: Data<Vault>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    let shown = db
        .write(move |tx| {
            let (actor, key) = (proof.actor(), &proof.resource().key);
            if let Some(enabled) = changes.enabled {
                settings::switch(tx, &proof, if enabled { Switch::On } else { Switch::Off })?;
            }
            if let Some(access) = changes.access {
                settings::restrict(tx, &proof, &access.audience())?;
            }
            if let Some(client) = changes.oauth_client {
                let definition = registry.find(tx, actor.workspace, key)?.ok_or_else(Error::not_found)?;
                let secret = client.client_secret.unwrap_or_else(|| String::new().into());
                settings::set_oauth_client(tx, &vault, &proof, &definition, client.client_id.trim(), secret)?;
            }
            Shown::load(tx, &registry, &public, actor, key)
        })
        .await?;
    Ok(json::ok(&shown.detail()))
}

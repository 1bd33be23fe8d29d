//! What admins decide about an integration. Only the members that are given change. With `?preview=true` nothing does, and
//! the answer is who would lose what.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::pg::PgConnection;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::integrations::answers::Detail;
use crate::api::integrations::losses::Losses;
use crate::api::integrations::shown::Shown;
use crate::authz::actions::Configure;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::db::Db;
use crate::domain::agents::losses::integration::losses;
use crate::domain::integrations::access;
use crate::domain::integrations::access::AccessChanges;
use crate::domain::integrations::access::Audience;
use crate::domain::integrations::access::Switch;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::settings;
use crate::http::error::Error;
use crate::http::json;
use crate::http::json::Body;
use crate::http::json::Input;
use crate::http::query::Narrowed;
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
    /// Who may use single actions, by their keys. Actions that are not named stay as they are.
    #[serde(default)]
    actions: BTreeMap<String, AccessInput>,
    /// The ways to connect that admins keep for themselves, in place of those before. Connections that others have made in
    /// such a way work on; nobody but admins makes new ones or gives one another secret.
    reserved_auth_types: Option<BTreeSet<AuthType>>,
    oauth_client: Option<OauthClientInput>,
}

impl Input for IntegrationChanges {}

impl IntegrationChanges {
    fn access(&mut self) -> Option<AccessChanges> {
        let changes = AccessChanges {
            switch: self.enabled.map(|enabled| if enabled { Switch::On } else { Switch::Off }),
            audience: self.access.take().map(AccessInput::audience),
            actions: std::mem::take(&mut self.actions)
                .into_iter()
                .map(|(key, input)| (key, input.audience()))
                .collect(),
            reserved: self.reserved_auth_types.take(),
        };
        let is_nothing = changes.switch.is_none()
            && changes.audience.is_none()
            && changes.actions.is_empty()
            && changes.reserved.is_none();
        (!is_nothing).then_some(changes)
    }
}

/// For whom an integration or an action is, in place of what was. Admins always have it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccessInput {
    /// For every member (of an action: for everybody who may use the integration); nobody else needs to be named then.
    workspace: bool,
    /// For these people.
    #[serde(default)]
    users: Vec<UserId>,
    /// For the members of these groups. With the people at most 100.
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

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Trial {
    /// Changes nothing; the answer has `losses`, what would go with the changes.
    #[serde(default)]
    preview: bool,
}

/// Change an integration’s settings
///
/// For admins. Members that are not given stay as they are. What is taken away is gone from the next call on. Ask with
/// `preview=true` first who loses what.
#[utoipa::path(patch, path = "/api/v1/integrations/{integration}", operation_id = "updateIntegration", tag = "Integrations",
    params(("integration" = String, Path, description = "Its key"), Trial),
    request_body = IntegrationChanges,
    responses(
        (status = 200, description = "The integration as it is now; with `preview=true` an `IntegrationPreview` in its place",
            body = Detail<'_>),
        (status = 403, description = "`forbidden`: the caller is no admin", body = json::Problem),
        (status = 422, description = "`invalid`: see `errors`", body = json::Problem)))]
pub(super) async fn update(
    proof: Authorized<Configure, Integration>,
    Narrowed(Trial { preview }): Narrowed<Trial>,
    Body(changes): Body<IntegrationChanges>,
    db: Data<Db>,
    vault: Data<Vault>,
    registry: Data<Registry>,
    public: Data<PublicUrl>,
) -> Result<HttpResponse, Error> {
    if preview {
        return Ok(json::ok(&db.read(move |conn| foresee(conn, &registry, &proof, changes)).await?));
    }
    let mut changes = changes;
    let shown = db
        .write(move |tx| {
            let (actor, key) = (proof.actor(), &proof.resource().key);
            let definition = registry.find(tx, actor.workspace, key)?.ok_or_else(Error::not_found)?;
            if let Some(access) = changes.access() {
                access::change(tx, &proof, &definition, &access)?;
            }
            if let Some(client) = changes.oauth_client {
                let secret = client.client_secret.unwrap_or_else(|| String::new().into());
                settings::set_oauth_client(tx, &vault, &proof, &definition, client.client_id.trim(), secret)?;
            }
            Shown::load(tx, &registry, &public, actor, key)
        })
        .await?;
    Ok(json::ok(&shown.detail()))
}

fn foresee(
    conn: &mut PgConnection,
    registry: &Registry,
    proof: &Authorized<Configure, Integration>,
    mut changes: IntegrationChanges,
) -> Result<Losses, Error> {
    let (actor, key) = (proof.actor(), &proof.resource().key);
    let definition = registry.find(conn, actor.workspace, key)?.ok_or_else(Error::not_found)?;
    let changes = changes.access().unwrap_or_default();
    let (before, after) = access::preview(conn, proof, &definition, &changes)?;
    Ok(Losses::of(losses(conn, proof, &before, &after)?))
}

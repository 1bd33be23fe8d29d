//! An integration as one actor may see it, loaded afresh: after a change the answer shows what now holds.

use std::sync::Arc;

use diesel::pg::PgConnection;

use crate::api::integrations::answers::Detail;
use crate::authz::actions::Configure;
use crate::authz::actions::Connect;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::IntegrationFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Denied;
use crate::authz::proof::Guarded;
use crate::authz::proof::authorize;
use crate::domain::integrations::access;
use crate::domain::integrations::access::Access;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::people::workspaces::Workspace;
use crate::http::error::Error;
use crate::http::help;
use crate::http::urls::PublicUrl;
use crate::http::urls::Urls;

/// What the answer is made of.
pub(super) struct Shown {
    actor: Actor,
    integration: Integration,
    definition: Arc<Definition>,
    settings: Option<(Access, String)>,
    hint: Option<String>,
}

impl Shown {
    pub(super) fn load(
        conn: &mut PgConnection,
        registry: &Registry,
        public: &PublicUrl,
        actor: &Actor,
        key: &String,
    ) -> Result<Self, Error> {
        let (_, integration) = authorize::<View, Integration>(conn, actor.clone(), key)?.into_parts();
        let definition = registry.find(conn, actor.workspace, key)?.ok_or_else(Error::not_found)?;
        let settings = match authorize::<Configure, Integration>(conn, actor.clone(), key) {
            Ok(proof) => {
                let workspace = Workspace::load(conn, actor, &())?.ok_or_else(Error::not_found)?;
                let redirect_uri = public.absolute(&Urls::of(&workspace.slug).oauth_callback(key));
                Some((access::access(conn, &proof)?, redirect_uri))
            }
            Err(Denied::Forbidden(_) | Denied::Hidden) => None,
            Err(Denied::Database(error)) => return Err(error.into()),
        };
        let hint = match <Connect as Permits<IntegrationFacts>>::permits(actor, &integration.facts()) {
            Ok(()) => None,
            Err(reason) => Some(help::sentence(conn, actor, reason)?),
        };
        Ok(Self { actor: actor.clone(), integration, definition, settings, hint })
    }

    pub(super) fn detail(&self) -> Detail<'_> {
        let detail = Detail::of(&self.actor, &self.integration, &self.definition, self.hint.as_deref());
        match &self.settings {
            Some((access, redirect_uri)) => detail.with_settings(&self.integration, access, redirect_uri.clone()),
            None => detail,
        }
    }
}

//! A workspace's registration at a provider, as the vault wants it.

use std::sync::Arc;

use url::Url;

use crate::authz::facts::AuthType;
use crate::domain::integrations::definition::ClientAuthentication as Declared;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::OAuthEndpoints;
use crate::domain::integrations::settings;
use crate::kernel::ids::WorkspaceId;
use crate::outbound::origin::Origins;
use crate::vault::exchange::ClientAuthentication;
use crate::vault::exchange::TokenEndpoint;
use crate::vault::sealed::Sealed;

/// An OAuth client of a workspace, loaded with its sealed secret, whose key is unlocked.
pub(in crate::domain::oauth) struct Registration {
    pub(in crate::domain::oauth) workspace: WorkspaceId,
    pub(in crate::domain::oauth) definition: Arc<Definition>,
    pub(in crate::domain::oauth) client_id: String,
    pub(in crate::domain::oauth) client_secret: Option<Sealed>,
    pub(in crate::domain::oauth) generation: i32,
    origins: Origins,
}

impl Registration {
    pub(in crate::domain::oauth) fn new(
        workspace: WorkspaceId,
        definition: Arc<Definition>,
        client_id: String,
        client_secret: Option<Sealed>,
        generation: i32,
    ) -> Option<Self> {
        let origins = settings::client_origins(endpoints(&definition)?);
        Some(Self { workspace, definition, client_id, client_secret, generation, origins })
    }

    /// The endpoints that the definition names.
    pub(in crate::domain::oauth) fn endpoints(&self) -> Option<&OAuthEndpoints> {
        endpoints(&self.definition)
    }

    /// The registration at `token_url`.
    pub(in crate::domain::oauth) fn at<'a>(&'a self, token_url: &'a Url) -> TokenEndpoint<'a> {
        let context = settings::client_context(self.workspace, &self.definition.key, self.generation, &self.origins);
        let declared = self.endpoints().map_or(Declared::Basic, |endpoints| endpoints.client_authentication);
        TokenEndpoint {
            token_url,
            client_id: &self.client_id,
            client_secret: self.client_secret.as_ref().map(|sealed| (sealed, context)),
            authentication: match declared {
                Declared::Basic => ClientAuthentication::Basic,
                Declared::Post => ClientAuthentication::Post,
            },
        }
    }
}

/// The OAuth endpoints of a definition.
pub(in crate::domain::oauth) fn endpoints(definition: &Definition) -> Option<&OAuthEndpoints> {
    definition.method(AuthType::Oauth)?.oauth.as_ref()
}

//! The way back from the provider (D-21): each step has its own way to fail, and each failure its own sentence. The
//! exchange runs in a task of its own, so that a browser that goes away loses nothing (D-29).

pub mod held;
mod keep;

use std::sync::Arc;

use diesel::pg::PgConnection;
use url::Url;

use crate::authz::actions::Connect;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::database_errors;
use crate::db::Db;
use crate::db::DbError;
use crate::domain::connections::check::Checker;
use crate::domain::connections::check::Verdict;
use crate::domain::connections::connecting::expiry;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::oauth::endpoint::Registration;
use crate::domain::oauth::flows;
use crate::domain::oauth::flows::Flow;
use crate::domain::oauth::flows::ReturnTo;
use crate::kernel::clock::Clock;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::SessionId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::text;
use crate::vault::VaultError;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenSet;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

/// What the provider sent the browser back with.
#[derive(Debug)]
pub struct Arrived {
    /// The flow.
    pub state: String,
    /// The code, if the person agreed.
    pub code: Option<SecretInput>,
    /// The error's name, if not.
    pub error: Option<String>,
    /// Who says so (RFC 9207).
    pub iss: Option<String>,
    /// The workspace's slug and the integration's key in the callback address.
    pub integration: String,
    /// Who is signed in with this browser.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
}

/// How a flow ended.
#[derive(Debug)]
pub enum Landed {
    /// Connected.
    Connected {
        /// The connection.
        connection: ConnectionId,
        /// Where to go.
        return_to: ReturnTo,
    },
    /// R14: a reconnect that came back as another account waits for the owner's word.
    Held {
        /// The connection.
        connection: ConnectionId,
        /// The flow that holds the new tokens.
        flow: FlowId,
    },
}

/// Why a flow ended without a connection.
#[derive(Debug, thiserror::Error)]
pub enum CallbackError {
    /// Unknown, used or too old.
    #[error("This sign-in at the provider was started too long ago or was finished already. Start it again.")]
    StateUnknown,
    /// D-21, step 3.
    #[error(
        "This sign-in was started by somebody else, or in another browser. Nothing was connected. If you were sent a link, \
         do not trust it; to connect your own account, start from the integration's page."
    )]
    OtherPerson,
    /// D-21, step 4.
    #[error("The answer came back for another integration than the one that was started. Nothing was connected.")]
    OtherIntegration,
    /// D-21, step 5.
    #[error("The answer does not come from the provider that was asked. Nothing was connected.")]
    OtherIssuer,
    /// The person said no.
    #[error("{0} says that you did not agree. Nothing was connected; you can start again at any time.")]
    Declined(String),
    /// The provider said no.
    #[error("{provider} refused: {detail}. Nothing was connected.")]
    Refused {
        /// The integration's name.
        provider: String,
        /// What it said, cut.
        detail: String,
    },
    /// Our client is wrong.
    #[error(
        "{0} does not accept this workspace's OAuth client. A workspace admin has to correct it on the integration's page."
    )]
    ClientRefused(String),
    /// The provider could not be asked.
    #[error("{0} did not answer, so nothing was connected. Start again in a moment.")]
    Unreached(String),
    /// The test call failed.
    #[error("{0} Nothing was connected.")]
    CheckFailed(String),
    /// The connection that was to be reconnected is gone.
    #[error("The connection was deleted meanwhile.")]
    Gone,
    /// The integration is not there, or not for this person any more.
    #[error("This integration is no longer available to you.")]
    NotAvailable,
    /// Definitions could not be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(CallbackError);

impl From<Denied> for CallbackError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Hidden | Denied::Forbidden(_) => Self::NotAvailable,
            Denied::Database(error) => error.into(),
        }
    }
}

/// Ends flows. Cheap to clone.
#[derive(Clone)]
pub struct Landing {
    /// The database.
    pub db: Db,
    /// The vault and the way out.
    pub checker: Checker,
    /// The time.
    pub clock: Clock,
    /// The definitions.
    pub registry: Registry,
}

/// A flow whose person, browser, integration and issuer are right.
struct Checked {
    flow: Flow,
    proof: Authorized<Connect, Integration>,
    registration: Registration,
}

/// New tokens, sealed for the row they are for.
struct Fresh {
    secret: AccessSecret,
    grant: Option<Sealed>,
    account: Option<String>,
    scopes: Vec<String>,
}

impl Landing {
    /// Checks the callback and makes the connection. `actor_of` finds the person as a member of the flow's workspace.
    pub async fn land<F>(&self, arrived: Arrived, actor_of: F) -> Result<Landed, CallbackError>
    where
        F: FnOnce(&mut PgConnection, WorkspaceId) -> diesel::QueryResult<Option<Actor>> + Send + 'static,
    {
        let this = self.clone();
        let task = tokio::spawn(async move { this.land_here(arrived, actor_of).await });
        task.await.map_err(|_stopping| CallbackError::Database(DbError::Stopped))?
    }

    async fn land_here<F>(&self, arrived: Arrived, actor_of: F) -> Result<Landed, CallbackError>
    where
        F: FnOnce(&mut PgConnection, WorkspaceId) -> diesel::QueryResult<Option<Actor>> + Send + 'static,
    {
        let Arrived { state, code, error, iss, integration, user, session } = arrived;
        let now = self.clock.now();
        // Committed before anything else, so that a replay stops here.
        let flow = self.db.write(move |tx| Ok::<_, CallbackError>(flows::consume(tx, &state, now)?)).await?;
        let flow = flow.ok_or(CallbackError::StateUnknown)?;
        if flow.user_id != user || flow.session_id != session {
            return Err(CallbackError::OtherPerson);
        }
        if flow.integration != integration {
            return Err(CallbackError::OtherIntegration);
        }
        if let (Some(given), Some(expected)) = (&iss, &flow.issuer)
            && given != expected
        {
            return Err(CallbackError::OtherIssuer);
        }
        let checked = self.load(flow, actor_of).await?;
        let provider = checked.registration.definition.name.clone();
        let Some(code) = code.filter(|_| error.is_none()) else {
            return Err(refusal(provider, &error.unwrap_or_default()));
        };
        self.connect(checked, code).await
    }

    async fn load<F>(&self, flow: Flow, actor_of: F) -> Result<Checked, CallbackError>
    where
        F: FnOnce(&mut PgConnection, WorkspaceId) -> diesel::QueryResult<Option<Actor>> + Send + 'static,
    {
        let (registry, vault) = (self.registry.clone(), self.checker.vault.clone());
        self.db
            .read(move |conn| {
                let actor = actor_of(conn, flow.workspace_id)?.ok_or(CallbackError::OtherPerson)?;
                let workspace = actor.workspace;
                let proof = authorize::<Connect, Integration>(conn, actor, &flow.integration)?;
                let definition =
                    registry.find(conn, workspace, &flow.integration)?.ok_or(CallbackError::NotAvailable)?;
                let (actor, mut integration) = proof.into_parts();
                // Reserved for admins since the flow was begun.
                <Connect as Permits<MethodFacts>>::permits(&actor, &integration.method_facts(AuthType::Oauth))
                    .map_err(|_reserved| CallbackError::NotAvailable)?;
                let secret = integration.oauth_client_secret.take();
                for sealed in secret.iter().chain(&flow.verifier) {
                    vault.unlock(conn, workspace, sealed)?;
                }
                let client_id = integration.oauth_client_id.clone();
                let client_id = client_id.ok_or_else(|| CallbackError::ClientRefused(definition.name.clone()))?;
                // A code belongs to the client that asked for it.
                if integration.oauth_client_generation != flow.client_generation {
                    return Err(CallbackError::StateUnknown);
                }
                let registration =
                    Registration::new(workspace, definition, client_id, secret, integration.oauth_client_generation)
                        .ok_or(CallbackError::NotAvailable)?;
                let proof = authorize::<Connect, Integration>(conn, actor, &flow.integration)?;
                Ok(Checked { flow, proof, registration })
            })
            .await
    }

    async fn connect(&self, checked: Checked, code: SecretInput) -> Result<Landed, CallbackError> {
        let Checked { flow, proof, registration } = checked;
        let definition = registration.definition.clone();
        let origins = flows::flow_origins(&definition);
        let token_url = Url::parse(&flow.token_url).map_err(|_edited| CallbackError::NotAvailable)?;
        let verifier = flow.verifier.as_ref().map(|sealed| (sealed, flow.context(Purpose::FlowVerifier, &origins)));
        let endpoint = registration.at(&token_url);
        let exchange = self.checker.vault.exchange_code(
            &self.checker.client,
            &endpoint,
            code,
            verifier,
            &flow.redirect_uri,
            self.clock.now(),
        );
        let tokens = exchange.await.map_err(|error| exchange_failed(&definition.name, &error))?;
        let fresh = self.seal_and_check(&flow, &proof, &definition, tokens).await?;
        let generation = registration.generation;
        let vault = self.checker.vault.clone();
        self.db.write(move |tx| keep::store(tx, &vault, &proof, &flow, &fresh, generation)).await
    }

    async fn seal_and_check(
        &self,
        flow: &Flow,
        proof: &Authorized<Connect, Integration>,
        definition: &Arc<Definition>,
        tokens: TokenSet,
    ) -> Result<Fresh, CallbackError> {
        let id = flow.reconnects.unwrap_or_else(ConnectionId::new);
        let workspace = proof.actor().workspace;
        let (vault, key, origins) =
            (self.checker.vault.clone(), definition.key.clone(), flows::flow_origins(definition));
        let asked = flow.scopes.clone();
        let reconnects = flow.reconnects.is_some();
        let mut fresh = self
            .db
            .write(move |tx| {
                let before =
                    if reconnects { secrets::load(tx, workspace, id)?.ok_or(CallbackError::Gone)?.version } else { 0 };
                let mut secret = AccessSecret {
                    workspace,
                    connection: id,
                    integration: key,
                    auth_type: AuthType::Oauth,
                    status: ConnectionStatus::Active,
                    version: before + 1,
                    origins,
                    tenant: None,
                    sealed: None,
                    expires_at: Some(expiry(&tokens)),
                };
                let scopes = tokens.scopes.unwrap_or(asked);
                let grant = tokens.refresh.map(|token| {
                    let context = secret.context_for(Purpose::Grant, secret.version);
                    vault.seal_fields(tx, &context, SecretFields::one("token", token))
                });
                let grant = grant.transpose()?;
                let sealed = vault.seal_fields(tx, &secret.context(), SecretFields::one("token", tokens.access))?;
                vault.unlock(tx, workspace, &sealed)?;
                secret.sealed = Some(sealed);
                Ok::<_, CallbackError>(Fresh { secret, grant, account: tokens.subject, scopes })
            })
            .await?;
        match self.checker.check(definition, &fresh.secret).await {
            Verdict::Works { account } => fresh.account = account.or(fresh.account),
            Verdict::NotTested => {}
            Verdict::Refused { detail, .. } | Verdict::Unreached { detail } => {
                return Err(CallbackError::CheckFailed(detail));
            }
        }
        Ok(fresh)
    }

    /// The owner says that the other account is right: the held tokens take the place of the old ones, and bindings have
    /// to be approved again (D-21, step 9).
    pub async fn accept_held(
        &self,
        actor: Actor,
        session: SessionId,
        flow: FlowId,
    ) -> Result<ConnectionId, CallbackError> {
        let vault = self.checker.vault.clone();
        let registry = self.registry.clone();
        self.db.write(move |tx| held::accept(tx, &vault, &registry, &actor, session, flow)).await
    }
}

fn refusal(provider: String, error: &str) -> CallbackError {
    if error == "access_denied" {
        return CallbackError::Declined(provider);
    }
    let detail = if error.is_empty() { "it sent neither a code nor an error".to_owned() } else { text::cut(error, 80) };
    CallbackError::Refused { provider, detail }
}

fn exchange_failed(provider: &str, error: &ExchangeError) -> CallbackError {
    let provider = provider.to_owned();
    match error {
        ExchangeError::InvalidClient { .. } => CallbackError::ClientRefused(provider),
        ExchangeError::Transient { .. } | ExchangeError::UnknownOutcome => CallbackError::Unreached(provider),
        other @ (ExchangeError::InvalidGrant { .. }
        | ExchangeError::KeyUnusable(_)
        | ExchangeError::Refused { .. }
        | ExchangeError::Redirected
        | ExchangeError::Malformed
        | ExchangeError::OutsideOrigins
        | ExchangeError::Vault(_)) => CallbackError::Refused { provider, detail: text::cut(&other.to_string(), 200) },
    }
}

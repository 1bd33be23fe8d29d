//! Making a connection where no browser is needed, and replacing its secret: check what was typed, seal it, make the test
//! call, and only then store. Nothing is stored of what the provider refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::json;

use crate::authz::actions::Connect;
use crate::authz::actions::Maintain;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::policy::Reason;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::Db;
use crate::db::DbError;
use crate::db::schema::connections;
use crate::domain::audit;
use crate::domain::connections::check::Checker;
use crate::domain::connections::check::Verdict;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::lifetime::renew_at;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::connections::ways;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::tenant::Variable;
use crate::kernel::ids::ConnectionId;
use crate::outbound::label::Label;
use crate::vault::VaultError;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenSet;
use crate::vault::input::SecretFields;
use crate::vault::input::SecretInput;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;
use crate::vault::service_account;
use crate::vault::service_account::ACT_AS;
use crate::vault::service_account::CREDENTIALS;
use crate::vault::service_account::KeyError;
use crate::vault::service_account::ServiceAccount;

/// How long an access token is believed to live when the provider does not say (D-26).
pub const ASSUMED_LIFE: Duration = Duration::hours(1);

/// A connection could not be made, or its secret not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The integration does not authenticate that way.
    #[error("{0} does not connect that way. Choose one of the ways that its page offers.")]
    NotOffered(String),
    /// The integration, or this way to connect it, is for others.
    #[error("{0}")]
    NotAllowed(Reason),
    /// OAuth goes through the provider's own pages.
    #[error("this is connected in the browser")]
    BrowserRequired,
    /// Some fields need a change.
    #[error("some fields need a change")]
    Fields(Vec<(String, String)>),
    /// The provider did not accept the credential.
    #[error("{0}")]
    Refused(String),
    /// The provider could not be asked.
    #[error("{0}")]
    Unreached(String),
    /// It was deleted meanwhile.
    #[error("the connection was deleted meanwhile")]
    Gone,
    /// It could not be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ConnectError);

/// What a person gives to connect.
#[derive(Debug)]
pub struct NewConnection {
    /// How.
    pub auth_type: AuthType,
    /// What they call it; the integration's name if nothing.
    pub name: String,
    /// What they typed, by the names of the method's fields.
    pub fields: BTreeMap<String, SecretInput>,
}

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub struct Connecting {
    /// The database.
    pub db: Db,
    /// The vault and the way out.
    pub checker: Checker,
}

/// A credential that was tried and may be stored.
struct Tried {
    secret: AccessSecret,
    grant: Option<Sealed>,
    account: Option<String>,
    scopes: Vec<String>,
}

impl Connecting {
    /// Makes a connection to an integration for the actor.
    pub async fn connect(
        &self,
        proof: Authorized<Connect, Integration>,
        definition: Arc<Definition>,
        new: NewConnection,
    ) -> Result<ConnectionId, ConnectError> {
        let method = ways::offered(&definition, new.auth_type)?.clone();
        ways::check(proof.actor(), proof.resource(), new.auth_type)?;
        let id = ConnectionId::new();
        let tried = self.try_out(proof.actor(), &definition, &method, id, 1, new.fields).await?;
        let name = if new.name.is_empty() { definition.name.clone() } else { new.name };
        self.db
            .write(move |tx| {
                let actor = proof.actor();
                insert(tx, actor, &tried, &name)?;
                let event = audit::Event::new("connection.created", "connection", id).connection(id);
                let detail = json!({ "integration": tried.secret.integration, "auth_type": tried.secret.auth_type });
                audit::record(tx, actor, event.detail(detail))?;
                Ok::<_, ConnectError>(())
            })
            .await?;
        Ok(id)
    }

    /// Puts another secret in place of the one before; shares and bindings stay. Whoever may not connect in this way, or not
    /// any more, may not do so again: the connection works on as it is.
    pub async fn replace_secret(
        &self,
        proof: Authorized<Maintain, Connection>,
        definition: Arc<Definition>,
        fields: BTreeMap<String, SecretInput>,
    ) -> Result<(), ConnectError> {
        let (id, auth_type) = (proof.resource().id, proof.resource().auth_type);
        let method = ways::offered(&definition, auth_type)?.clone();
        let (actor, key) = (proof.actor().clone(), definition.key.clone());
        let before = self
            .db
            .read(move |conn| {
                ways::check_key(conn, &actor, &key, auth_type)?;
                Ok::<_, ConnectError>(secrets::load(conn, actor.workspace, id)?)
            })
            .await?;
        let before = before.ok_or(ConnectError::Gone)?.version;
        let tried = self.try_out(proof.actor(), &definition, &method, id, before + 1, fields).await?;
        self.db
            .write(move |tx| {
                let actor = proof.actor();
                update(tx, actor, &tried, before)?;
                let event = audit::Event::new("connection.secret_replaced", "connection", id).connection(id);
                audit::record(tx, actor, event)?;
                Ok(())
            })
            .await
    }

    /// Checks, seals and tries what was typed.
    async fn try_out(
        &self,
        actor: &Actor,
        definition: &Arc<Definition>,
        method: &AuthMethod,
        id: ConnectionId,
        version: i64,
        fields: BTreeMap<String, SecretInput>,
    ) -> Result<Tried, ConnectError> {
        let mut fields = checked(method, fields)?;
        let tenant = definition.variable.as_ref().map(|variable| tenant_of(variable, &mut fields)).transpose()?;
        let blank = AccessSecret {
            workspace: actor.workspace,
            connection: id,
            integration: definition.key.clone(),
            auth_type: method.auth_type,
            status: ConnectionStatus::Active,
            version,
            origins: secrets::origins_of(definition, method, tenant.as_ref()),
            tenant,
            sealed: None,
            expires_at: None,
        };
        let mut tried = Tried { secret: blank, grant: None, account: None, scopes: Vec::new() };
        match method.auth_type {
            AuthType::None => {}
            AuthType::ApiKey => tried.secret.sealed = Some(self.seal(&tried.secret, Purpose::Access, fields).await?),
            AuthType::ServiceAccount => {
                self.mint_first(definition, method, &mut tried, fields, actor).await?;
            }
            AuthType::Oauth => return Err(ConnectError::BrowserRequired),
        }
        match self.checker.check(definition, &tried.secret).await {
            Verdict::Works { account } => tried.account = account.or(tried.account),
            Verdict::NotTested => {}
            Verdict::Refused { detail, .. } => return Err(ConnectError::Refused(detail)),
            Verdict::Unreached { detail } => return Err(ConnectError::Unreached(detail)),
        }
        Ok(tried)
    }

    /// Looks at a service account's key here, before anything is sent, then gets the first access token with it.
    async fn mint_first(
        &self,
        definition: &Arc<Definition>,
        method: &AuthMethod,
        tried: &mut Tried,
        fields: BTreeMap<String, SecretInput>,
        actor: &Actor,
    ) -> Result<(), ConnectError> {
        let endpoint =
            method.service_account.as_ref().ok_or_else(|| ConnectError::NotOffered(definition.name.clone()))?;
        let account = inspected(&fields)?;
        let grant = self.seal(&tried.secret, Purpose::Grant, fields).await?;
        let context = tried.secret.context_for(Purpose::Grant, tried.secret.version);
        let minted = self
            .checker
            .vault
            .mint(&self.checker.client, &endpoint.token_url, (&grant, context), &endpoint.scopes, actor.at)
            .await
            .map_err(|error| mint_failed(&definition.name, &error))?;
        tried.secret.expires_at = Some(expiry(&minted));
        tried.scopes = minted.scopes.unwrap_or_else(|| endpoint.scopes.clone());
        let access = BTreeMap::from([("token".to_owned(), minted.access)]);
        tried.secret.sealed = Some(self.seal(&tried.secret, Purpose::Access, access).await?);
        tried.grant = Some(grant);
        tried.account = Some(account.email);
        Ok(())
    }

    async fn seal(
        &self,
        secret: &AccessSecret,
        purpose: Purpose,
        fields: BTreeMap<String, SecretInput>,
    ) -> Result<Sealed, ConnectError> {
        let vault = self.checker.vault.clone();
        let like = AccessSecret {
            sealed: None,
            integration: secret.integration.clone(),
            origins: secret.origins.clone(),
            tenant: None,
            ..*secret
        };
        self.db
            .write(move |tx| {
                let context = like.context_for(purpose, like.version);
                let sealed = vault.seal_fields(tx, &context, fields.into_iter().collect::<SecretFields>())?;
                vault.unlock(tx, like.workspace, &sealed)?;
                Ok::<_, ConnectError>(sealed)
            })
            .await
    }
}

/// When a token set's access ends: counted from when it was asked for.
pub fn expiry(tokens: &TokenSet) -> crate::kernel::clock::Timestamp {
    tokens.requested_at + tokens.expires_in.unwrap_or(ASSUMED_LIFE)
}

/// Every field that the method wants, and none that it does not know.
fn checked(
    method: &AuthMethod,
    fields: BTreeMap<String, SecretInput>,
) -> Result<BTreeMap<String, SecretInput>, ConnectError> {
    let known = |name: &String| method.fields.iter().any(|field| field.name == *name);
    let mut wrong: Vec<(String, String)> = fields
        .keys()
        .filter(|name| !known(name))
        .map(|name| (name.clone(), "There is no such field here.".to_owned()))
        .collect();
    let fields: BTreeMap<String, SecretInput> = fields
        .into_iter()
        .map(|(name, value)| (name, value.trimmed()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let missing = method.fields.iter().filter(|field| field.required && !fields.contains_key(&field.name));
    wrong.extend(missing.map(|field| (field.name.clone(), format!("{} is missing.", field.label))));
    if wrong.is_empty() { Ok(fields) } else { Err(ConnectError::Fields(wrong)) }
}

/// What may be shown of a service account whose fields are in order.
fn inspected(fields: &BTreeMap<String, SecretInput>) -> Result<ServiceAccount, ConnectError> {
    let wrong = |field: &str, error: &KeyError| ConnectError::Fields(vec![(field.to_owned(), error.to_string())]);
    if let Some(user) = fields.get(ACT_AS) {
        service_account::inspect_user(user).map_err(|error| wrong(ACT_AS, &error))?;
    }
    let key = fields.get(CREDENTIALS).ok_or_else(|| wrong(CREDENTIALS, &KeyError::NotJson))?;
    service_account::inspect(key).map_err(|error| wrong(CREDENTIALS, &error))
}

/// Takes the tenant out of what was typed: it is no part of the credential, and the credential is bound to where it leads.
fn tenant_of(variable: &Variable, fields: &mut BTreeMap<String, SecretInput>) -> Result<Label, ConnectError> {
    let wrong = |message: String| ConnectError::Fields(vec![(variable.name.clone(), message)]);
    let typed = fields.remove(&variable.name).unwrap_or_else(|| String::new().into());
    let label = typed.into_label().map_err(|error| wrong(sentence(&error.to_string())))?;
    if variable.admits(&label) {
        return Ok(label);
    }
    Err(wrong(format!("This should be one of these: {}.", variable.choices.join(", "))))
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn mint_failed(provider: &str, error: &ExchangeError) -> ConnectError {
    match error {
        ExchangeError::Transient { .. } | ExchangeError::UnknownOutcome => {
            ConnectError::Unreached(format!("{provider} could not be asked: {error}."))
        }
        other @ (ExchangeError::InvalidGrant { .. }
        | ExchangeError::InvalidClient { .. }
        | ExchangeError::KeyUnusable(_)
        | ExchangeError::Refused { .. }
        | ExchangeError::Redirected
        | ExchangeError::Malformed
        | ExchangeError::OutsideOrigins
        | ExchangeError::Vault(_)) => ConnectError::Refused(format!("{provider} did not accept this key: {other}.")),
    }
}

fn insert(tx: &mut PgConnection, actor: &Actor, tried: &Tried, name: &str) -> Result<(), ConnectError> {
    let secret = &tried.secret;
    let origins: Vec<String> = secret.origins.iter().map(ToString::to_string).collect();
    diesel::insert_into(connections::table)
        .values((
            connections::workspace_id.eq(secret.workspace),
            connections::id.eq(secret.connection),
            connections::owner_id.eq(actor.user),
            connections::integration.eq(&secret.integration),
            connections::auth_type.eq(secret.auth_type),
            connections::name.eq(name),
            connections::status.eq(ConnectionStatus::Active),
            connections::account.eq(tried.account.as_deref()),
            connections::scopes.eq(&tried.scopes),
            connections::origins.eq(origins),
            connections::tenant.eq(secret.tenant.as_ref().map(Label::as_str)),
            connections::token_version.eq(secret.version),
            connections::access_expires_at.eq(secret.expires_at),
            connections::renew_at.eq(secret.expires_at.map(|ends| renew_at(actor.at, ends))),
            connections::client_generation.eq(0),
            connections::created_at.eq(actor.at),
        ))
        .execute(tx)?;
    store(tx, tried)
}

fn update(tx: &mut PgConnection, actor: &Actor, tried: &Tried, before: i64) -> Result<(), ConnectError> {
    let secret = &tried.secret;
    let origins: Vec<String> = secret.origins.iter().map(ToString::to_string).collect();
    let row =
        connections::table.find((actor.workspace, secret.connection)).filter(connections::token_version.eq(before));
    let changed = diesel::update(row)
        .set((
            connections::status.eq(ConnectionStatus::Active),
            connections::status_reason.eq(None::<String>),
            connections::account.eq(tried.account.as_deref()),
            connections::scopes.eq(&tried.scopes),
            connections::origins.eq(origins),
            connections::tenant.eq(secret.tenant.as_ref().map(Label::as_str)),
            connections::token_version.eq(secret.version),
            connections::access_expires_at.eq(secret.expires_at),
            connections::renew_at.eq(secret.expires_at.map(|ends| renew_at(actor.at, ends))),
        ))
        .execute(tx)?;
    if changed == 0 {
        return Err(ConnectError::Gone);
    }
    store(tx, tried)
}

fn store(tx: &mut PgConnection, tried: &Tried) -> Result<(), ConnectError> {
    let secret = &tried.secret;
    for (purpose, sealed) in [(Purpose::Access, secret.sealed.as_ref()), (Purpose::Grant, tried.grant.as_ref())] {
        if let Some(sealed) = sealed {
            secrets::store(tx, secret.workspace, secret.connection, purpose, secret.version, sealed)?;
        }
    }
    Ok(())
}

//! Asks the provider: with the refresh token, or with an assertion signed by the service account's key.

use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::facts::AuthType;
use crate::db::schema::connections;
use crate::db::schema::integration_settings;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::oauth::endpoint::Registration;
use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::Renewer;
use crate::domain::oauth::renewal::Target;
use crate::vault::Vault;
use crate::vault::exchange::ExchangeError;
use crate::vault::exchange::TokenSet;
use crate::vault::sealed::Purpose;
use crate::vault::sealed::Sealed;

/// The provider was not asked, or said no.
pub(in crate::domain::oauth::renewal) enum AskError {
    /// It was not asked.
    Renew(RenewError),
    /// It said no, or nothing.
    Exchange(ExchangeError),
}

impl From<RenewError> for AskError {
    fn from(error: RenewError) -> Self {
        Self::Renew(error)
    }
}

impl From<ExchangeError> for AskError {
    fn from(error: ExchangeError) -> Self {
        Self::Exchange(error)
    }
}

/// The grant, and the client that it belongs to.
struct Means {
    grant: AccessSecret,
    registration: Option<Registration>,
}

impl Renewer {
    pub(in crate::domain::oauth::renewal) async fn ask(&self, target: &Target) -> Result<TokenSet, AskError> {
        let (wanted, vault) = (target.clone(), self.checker.vault.clone());
        let means = self.db.read(move |conn| load(conn, &vault, &wanted)).await?;
        let grant = &means.grant;
        let sealed = grant.sealed.as_ref().ok_or_else(|| no_grant(&target.definition.name))?;
        let bound = (sealed, grant.context_for(Purpose::Grant, grant.version));
        let (vault, client, now) = (&self.checker.vault, &self.checker.client, self.clock.now());
        if grant.auth_type == AuthType::ServiceAccount {
            let method = target.definition.method(AuthType::ServiceAccount);
            let endpoint = method.and_then(|method| method.service_account.as_ref()).ok_or(RenewError::Gone)?;
            return Ok(vault.mint(client, &endpoint.token_url, bound, &endpoint.scopes, now).await?);
        }
        let registration = means.registration.as_ref().ok_or_else(|| client_changed(&target.definition.name))?;
        let endpoints = registration.endpoints().ok_or(RenewError::Gone)?;
        Ok(vault.refresh(client, &registration.at(&endpoints.token_url), bound, now).await?)
    }
}

fn load(conn: &mut PgConnection, vault: &Vault, target: &Target) -> Result<Means, RenewError> {
    let grant = secrets::load_grant(conn, target.workspace, target.connection)?.ok_or(RenewError::Gone)?;
    if let Some(sealed) = &grant.sealed {
        vault.unlock(conn, target.workspace, sealed)?;
    }
    if grant.auth_type != AuthType::Oauth {
        return Ok(Means { grant, registration: None });
    }
    let generation: i32 = connections::table
        .find((target.workspace, target.connection))
        .select(connections::client_generation)
        .first(conn)?;
    let client: Option<(Option<String>, Option<Sealed>, i32)> = integration_settings::table
        .find((target.workspace, &target.definition.key))
        .select((
            integration_settings::oauth_client_id,
            integration_settings::oauth_client_secret,
            integration_settings::oauth_client_generation,
        ))
        .first(conn)
        .optional()?;
    // A grant belongs to the client that got it; another client's secret is not shown to the provider with it (D-25).
    let Some((Some(id), secret, current)) = client.filter(|(_, _, current)| *current == generation) else {
        return Ok(Means { grant, registration: None });
    };
    if let Some(secret) = &secret {
        vault.unlock(conn, target.workspace, secret)?;
    }
    let registration = Registration::new(target.workspace, target.definition.clone(), id, secret, current);
    Ok(Means { grant, registration })
}

fn no_grant(provider: &str) -> AskError {
    let description = format!("{provider} gave no refresh token");
    AskError::Exchange(ExchangeError::InvalidGrant { description })
}

fn client_changed(provider: &str) -> AskError {
    let description = format!("the OAuth client for {provider} was changed since");
    AskError::Exchange(ExchangeError::InvalidGrant { description })
}

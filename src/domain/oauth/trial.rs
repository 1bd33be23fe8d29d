//! The test that an owner asks for: the integration's test call, made with the connection as it is. It is a use of the
//! secret like any other, so it is written down before it is made.

use std::sync::Arc;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actions::Connect;
use crate::authz::actions::Maintain;
use crate::authz::proof::Authorized;
use crate::authz::proof::Denied;
use crate::authz::proof::authorize;
use crate::database_errors;
use crate::db::Db;
use crate::db::DbError;
use crate::db::schema::connections;
use crate::domain::audit;
use crate::domain::connections::check::Checker;
use crate::domain::connections::check::Verdict;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::secrets;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::integration::Integration;
use crate::domain::integrations::registry::Registry;
use crate::domain::integrations::registry::RegistryError;
use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::Renewal;
use crate::domain::oauth::renewal::Renewer;
use crate::kernel::clock::Timestamp;
use crate::vault::VaultError;

/// What a provider answers when it does not take the credential at all.
const UNAUTHORIZED: u16 = 401;

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the connection works, as far as was tried.
    pub is_ok: bool,
    /// What happened, in a sentence for people.
    pub detail: String,
    /// When.
    pub at: Timestamp,
}

/// A test could not be made, and that says nothing about the connection.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It was deleted meanwhile.
    #[error("the connection was deleted meanwhile")]
    Gone,
    /// The access could not be renewed, by our own fault.
    #[error("{0}")]
    Failed(String),
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

database_errors!(TrialError);

/// Tests connections. Cheap to clone.
#[derive(Clone)]
pub struct Trial {
    /// The database.
    pub db: Db,
    /// The vault and the way out.
    pub checker: Checker,
    /// Renews access that is about to end.
    pub renewer: Renewer,
    /// The definitions.
    pub registry: Registry,
}

/// What a test needs, or why there is none.
enum Ready {
    Go(AccessSecret, Arc<Definition>),
    Stop(String),
}

impl Trial {
    /// Makes the test call and says how it went.
    pub async fn run(&self, proof: Authorized<Maintain, Connection>) -> Result<Outcome, TrialError> {
        let at = proof.actor().at;
        let (vault, registry) = (self.checker.vault.clone(), self.registry.clone());
        let ready = self
            .db
            .write(move |tx| match may_be_tried(tx, &proof, &registry)? {
                Ready::Stop(why) => Ok(Ready::Stop(why)),
                Ready::Go(secret, definition) => {
                    if let Some(sealed) = &secret.sealed {
                        vault.unlock(tx, secret.workspace, sealed)?;
                    }
                    note_use(tx, &proof)?;
                    Ok::<_, TrialError>(Ready::Go(secret, definition))
                }
            })
            .await?;
        let (is_ok, detail) = match ready {
            Ready::Stop(why) => (false, why),
            Ready::Go(secret, definition) => self.call(secret, definition).await?,
        };
        Ok(Outcome { is_ok, detail, at })
    }

    async fn call(&self, secret: AccessSecret, definition: Arc<Definition>) -> Result<(bool, String), TrialError> {
        let secret = match self.renewer.fresh(secret, definition.clone(), Renewal::Expiring).await {
            Ok(secret) => secret,
            Err(error) => return not_renewed(error),
        };
        let verdict = self.checker.check(&definition, &secret).await;
        if !matches!(verdict, Verdict::Refused { status: UNAUTHORIZED, .. }) {
            return Ok(said(&verdict));
        }
        // Access can end before its time; where it renews itself, one renewal decides.
        let before = secret.version;
        match self.renewer.fresh(secret, definition.clone(), Renewal::Rejected).await {
            Ok(secret) if secret.version == before => Ok(said(&verdict)),
            Ok(secret) => Ok(said(&self.checker.check(&definition, &secret).await)),
            Err(error) => not_renewed(error),
        }
    }
}

fn said(verdict: &Verdict) -> (bool, String) {
    let is_ok = matches!(verdict, Verdict::Works { .. } | Verdict::NotTested);
    (is_ok, verdict.sentence())
}

fn not_renewed(error: RenewError) -> Result<(bool, String), TrialError> {
    match error {
        RenewError::NeedsReconnect(detail) | RenewError::Misconfigured(detail) | RenewError::Unreachable(detail) => {
            Ok((false, detail))
        }
        RenewError::Busy { .. } => Ok((false, "Its access is just being renewed. Try again in a moment.".to_owned())),
        error @ RenewError::Paused { .. } => Ok((false, error.to_string())),
        RenewError::Gone => Err(TrialError::Gone),
        RenewError::Failed(cause) => Err(TrialError::Failed(cause)),
    }
}

/// A call needs an integration that is allowed and a connection that works; a test is no way around that.
fn may_be_tried(
    tx: &mut PgConnection,
    proof: &Authorized<Maintain, Connection>,
    registry: &Registry,
) -> Result<Ready, TrialError> {
    let (actor, connection) = (proof.actor(), proof.resource());
    match authorize::<Connect, Integration>(tx, actor.clone(), &connection.integration) {
        Ok(_) => {}
        Err(Denied::Forbidden(reason)) => return Ok(Ready::Stop(reason.to_string())),
        Err(Denied::Hidden) => {
            return Ok(Ready::Stop("Its integration is switched off or restricted, so nothing was tried.".to_owned()));
        }
        Err(Denied::Database(error)) => return Err(error.into()),
    }
    let secret = secrets::load(tx, actor.workspace, connection.id)?.ok_or(TrialError::Gone)?;
    if let Some(why) = standstill(secret.status, connection.status_reason.as_deref()) {
        return Ok(Ready::Stop(why));
    }
    let definition = registry.find(tx, actor.workspace, &connection.integration)?.ok_or(TrialError::Gone)?;
    Ok(Ready::Go(secret, definition))
}

fn standstill(status: ConnectionStatus, reason: Option<&str>) -> Option<String> {
    match status {
        ConnectionStatus::Active => None,
        ConnectionStatus::Disabled => {
            Some("It is switched off, so nothing was tried. Switch it on and test it again.".to_owned())
        }
        ConnectionStatus::NeedsReconnect => {
            Some(reason.unwrap_or("Its access has ended, so nothing was tried. Reconnect it.").to_owned())
        }
        ConnectionStatus::Misconfigured => Some(
            reason
                .unwrap_or("The integration’s OAuth client is refused, so nothing was tried. Ask an admin.")
                .to_owned(),
        ),
        ConnectionStatus::Suspended => {
            Some("It is suspended, so nothing was tried. A workspace admin has to adopt it.".to_owned())
        }
    }
}

fn note_use(tx: &mut PgConnection, proof: &Authorized<Maintain, Connection>) -> Result<(), TrialError> {
    let (actor, id) = (proof.actor(), proof.resource().id);
    diesel::update(connections::table.find((actor.workspace, id)))
        .set(connections::last_used_at.eq(Some(actor.at)))
        .execute(tx)?;
    audit::record(tx, actor, audit::Event::new("connection.tested", "connection", id).connection(id))?;
    Ok(())
}

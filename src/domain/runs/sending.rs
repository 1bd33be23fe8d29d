//! Sends a begun call, holding no connection to the database: renews the access where it needs it, attaches the
//! credential inside the vault, and says how it ended. Twice is the most that a call which changes something leaves, and
//! only after the provider did not accept the access the first time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::authz::facts::AuthType;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::Effect;
use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::Renewal;
use crate::domain::oauth::renewal::Renewer;
use crate::domain::runs::begun::Begun;
use crate::domain::runs::ending;
use crate::domain::runs::ending::Ending;
use crate::domain::runs::hold;
use crate::domain::runs::hold::Hold;
use crate::domain::runs::hold::Listener;
use crate::kernel::ids::random_bytes;
use crate::outbound::client::Client;
use crate::outbound::client::SendError;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::vault::CallError;
use crate::vault::Credential;
use crate::vault::Vault;

/// How long a call that only looks waits before it is sent again, after the connection broke.
const PAUSES: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(600)];

/// What sending takes.
#[derive(Clone)]
pub struct Sender {
    /// Opens secrets.
    pub vault: Vault,
    /// Goes outside.
    pub client: Client,
    /// Renews access.
    pub renewer: Renewer,
}

impl Sender {
    /// Sends the call and says how it ended.
    pub async fn send(&self, begun: &Begun, request: Request, secret: AccessSecret) -> Ending {
        if !matches!(secret.auth_type, AuthType::Oauth | AuthType::ServiceAccount) {
            return begun.answered(self.attempt(begun, request, &secret).await);
        }
        let secret = match self.renewed(begun, secret, Renewal::Expiring).await {
            Ok(secret) => secret,
            Err(error) => return begun.unrenewed(&error),
        };
        let first = self.attempt(begun, request, &secret).await;
        if !matches!(&first, Ok(response) if response.status == 401) {
            return begun.answered(first);
        }
        match (self.renewed(begun, secret, Renewal::Rejected).await, begun.build()) {
            (Ok(secret), Some(request)) => begun.answered(self.attempt(begun, request, &secret).await),
            (Err(error @ RenewError::NeedsReconnect(_)), _) => begun.unrenewed(&error),
            (Ok(_) | Err(_), _) => begun.answered(first),
        }
    }

    async fn renewed(&self, begun: &Begun, secret: AccessSecret, why: Renewal) -> Result<AccessSecret, RenewError> {
        let renewed = self.renewer.fresh(secret, Arc::clone(&begun.definition), why).await;
        if let Err(error) = &renewed {
            tracing::info!(run.id = %begun.run, connection.id = %begun.connection.id, %error, "access was not renewed");
        }
        renewed
    }

    /// One try, or up to three where the call only looks and the connection broke on the way.
    async fn attempt(&self, begun: &Begun, request: Request, secret: &AccessSecret) -> Result<Response, Unanswered> {
        let mut result = self.call(begun, request, secret).await;
        for pause in PAUSES.into_iter().filter(|_| begun.effect() == Effect::Read) {
            let is_passing = matches!(
                &result,
                Err(Unanswered::Call(CallError::Send(SendError::Unreachable { .. } | SendError::Broken { .. })))
            );
            if !is_passing {
                break;
            }
            sleep(jittered(pause)).await;
            let Some(request) = begun.build() else { break };
            result = self.call(begun, request, secret).await;
        }
        result
    }

    async fn call(&self, begun: &Begun, request: Request, secret: &AccessSecret) -> Result<Response, Unanswered> {
        let credential = match (&secret.sealed, begun.definition.method(secret.auth_type)) {
            (None, _) if secret.auth_type == AuthType::None => None,
            (Some(sealed), Some(method)) => {
                Some(Credential { sealed, context: secret.context(), slots: &method.slots })
            }
            (None | Some(_), _) => return Err(Unanswered::NoSecret),
        };
        Ok(self.vault.call(&self.client, request, &secret.origins, credential).await?)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    /// The connection has no credential, or the integration does not take one of its kind any more.
    #[error("the connection has no credential that the integration takes")]
    NoSecret,
    /// It was not sent, or the answer was lost.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Begun {
    fn answered(&self, result: Result<Response, Unanswered>) -> Ending {
        match result {
            Ok(response) => ending::by_response(&self.asked(), response),
            Err(Unanswered::Call(error)) => ending::by_error(&self.asked(), &error),
            Err(Unanswered::NoSecret) => ending::without_secret(self.reconnect_sentence()),
        }
    }

    fn unrenewed(&self, error: &RenewError) -> Ending {
        ending::by_renewal(&self.asked(), error, self.reconnect_sentence())
    }

    fn reconnect_sentence(&self) -> String {
        let listener = Listener {
            credentials: self.ask.action.credentials,
            is_owner: self.owner == self.ask.actor.user,
            integration: &self.definition.name,
            connection: self.connection.name.as_deref().unwrap_or_default(),
            owner: self.connection.owner_name.as_deref().unwrap_or_default(),
        };
        match hold::by_status(ConnectionStatus::NeedsReconnect, &listener) {
            Some(Hold::NeedsReconnect(said) | Hold::Refused(said)) => said,
            None => String::new(),
        }
    }
}

/// Between once and twice as long, so that calls which broke together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let [chance] = random_bytes().unwrap_or([128]);
    pause + pause * u32::from(chance) / 256
}

//! The test call that an integration names: made when a connection is saved, and when its owner asks.

use std::sync::Arc;

use serde_json::Value;

use crate::domain::connections::secrets::AccessSecret;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Check;
use crate::domain::integrations::definition::Definition;
use crate::kernel::text;
use crate::outbound::client::Client;
use crate::outbound::request::Response;
use crate::vault::CallError;
use crate::vault::Credential;
use crate::vault::Vault;

/// What a test call said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works, as this account where the provider names one.
    Works {
        /// The account.
        account: Option<String>,
    },
    /// The integration names no test call.
    NotTested,
    /// The provider refused the credential.
    Refused {
        /// What it said, for people.
        detail: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer that says anything about the credential.
    Unreached {
        /// What happened, for people.
        detail: String,
    },
}

impl Verdict {
    /// A sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Works { account: Some(account) } => format!("It works, as {account}."),
            Self::Works { account: None } => "It works.".to_owned(),
            Self::NotTested => "This integration has no test call, so nothing was tried.".to_owned(),
            Self::Refused { detail, .. } | Self::Unreached { detail } => detail.clone(),
        }
    }
}

/// What calls go through.
#[derive(Clone)]
pub struct Checker {
    /// The secrets.
    pub vault: Vault,
    /// The way out.
    pub client: Client,
}

impl Checker {
    /// Makes the test call with `secret`, whose workspace key is unlocked.
    pub async fn check(&self, definition: &Arc<Definition>, secret: &AccessSecret) -> Verdict {
        let Some((check, action)) =
            definition.check.as_ref().and_then(|check| Some((check, definition.action(&check.operation)?)))
        else {
            return Verdict::NotTested;
        };
        match self.call(definition, action, check, secret).await {
            Ok(response) => judge(definition, check, &response),
            Err(detail) => Verdict::Unreached { detail },
        }
    }

    async fn call(
        &self,
        definition: &Arc<Definition>,
        action: &ActionDefinition,
        check: &Check,
        secret: &AccessSecret,
    ) -> Result<Response, String> {
        let request = action.build_for(secret.tenant.as_ref(), &check.input).map_err(|errors| {
            let named: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
            format!("The integration's test call cannot be made: {}", named.join("; "))
        })?;
        let slots = definition.method(secret.auth_type).map(|method| method.slots.as_slice()).unwrap_or_default();
        let credential = secret.sealed.as_ref().map(|sealed| Credential { sealed, context: secret.context(), slots });
        let call = self.vault.call(&self.client, request, &secret.origins, credential);
        call.await.map_err(|error| sentence(&definition.name, &error))
    }
}

/// A failed call, for people.
pub fn sentence(provider: &str, error: &CallError) -> String {
    match error {
        CallError::Send(error) => format!("{provider} gave no answer: {error}."),
        CallError::OutsideOrigins
        | CallError::MissingField(_)
        | CallError::Unsendable(_)
        | CallError::Slot
        | CallError::Vault(_) => format!("Nothing was sent: {error}."),
    }
}

fn judge(definition: &Definition, check: &Check, response: &Response) -> Verdict {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    let failure = definition.failure.as_ref().and_then(|rule| rule.reason(&body));
    if (200..300).contains(&response.status) && failure.is_none() {
        let account = check.account.as_deref().and_then(|pointer| body.pointer(pointer)).and_then(shown);
        return Verdict::Works { account };
    }
    let said =
        failure.or_else(|| provider_words(&body)).map(|words| format!(" It says: “{}”.", text::cut(&words, 200)));
    let said = said.unwrap_or_default();
    let name = &definition.name;
    if response.status >= 500 || response.status == 429 {
        let detail = format!("{name} has trouble of its own at the moment (status {}).{said}", response.status);
        return Verdict::Unreached { detail };
    }
    let detail = format!("{name} did not accept this (status {}).{said}", response.status);
    Verdict::Refused { detail, status: response.status }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text::cut(text, 200)),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What providers commonly call their explanation.
pub fn provider_words(body: &Value) -> Option<String> {
    ["/error/message", "/message", "/error_description", "/detail", "/error", "/errors/0/message", "/title"]
        .iter()
        .find_map(|pointer| body.pointer(pointer).and_then(Value::as_str))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_own_words_are_found() {
        let nested = serde_json::json!({ "error": { "message": "Invalid API key", "code": 7 } });

        assert_eq!(provider_words(&nested).as_deref(), Some("Invalid API key"));
        assert_eq!(provider_words(&serde_json::json!({ "error": "denied" })).as_deref(), Some("denied"));
        assert_eq!(provider_words(&Value::Null), None);
    }
}

//! A call to an integration with a credential on it: the only way out for what an opened secret holds.

use crate::outbound::client::Client;
use crate::outbound::client::SendError;
use crate::outbound::origin::Origins;
use crate::outbound::request::Request;
use crate::outbound::request::Response;
use crate::vault::Vault;
use crate::vault::VaultError;
use crate::vault::attach;
use crate::vault::scrub::Scrub;
use crate::vault::sealed::Context;
use crate::vault::sealed::Sealed;
use crate::vault::slot::Slot;

/// A sealed credential, what it is bound to, and where it goes on a request.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// The column.
    pub sealed: &'a Sealed,
    /// What it was sealed for.
    pub context: Context<'a>,
    /// Where its parts go.
    pub slots: &'a [Slot],
}

/// Why a call was not made, or brought nothing back.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The address is on none of the origins that are allowed here. Nothing was opened.
    #[error("the address is not on one of the origins that the credential may be sent to")]
    OutsideOrigins,
    /// The credential has no part of that name.
    #[error("the credential has no “{0}”; it has to be entered again")]
    MissingField(String),
    /// A part has characters that cannot be sent.
    #[error("“{0}” of the credential has characters that cannot be sent; it has to be entered again")]
    Unsendable(String),
    /// The place for the credential is not one, or taken by the request itself.
    #[error("the integration's place for the credential cannot be used on this request")]
    Slot,
    /// The credential could not be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The request or its answer was lost.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl CallError {
    /// Whether the other side may have acted on the request.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Send(error) => error.may_have_arrived(),
            Self::OutsideOrigins | Self::MissingField(_) | Self::Unsendable(_) | Self::Slot | Self::Vault(_) => false,
        }
    }
}

impl Vault {
    /// Sends `request` with the credential in its slots and gives the answer without it (D-46). The address must be on
    /// `origins` and, with a credential, on those it is sealed for; both are looked at before anything is opened.
    /// Needs [`Vault::unlock`] before.
    pub async fn call(
        &self,
        client: &Client,
        mut request: Request,
        origins: &Origins,
        credential: Option<Credential<'_>>,
    ) -> Result<Response, CallError> {
        let bound_to = credential.map_or(origins, |credential| credential.context.origins);
        if !origins.contains(request.url()) || !bound_to.contains(request.url()) {
            return Err(CallError::OutsideOrigins);
        }
        let sent = match credential {
            Some(credential) => self.fill(&mut request, &credential)?,
            None => Scrub::default(),
        };
        let response = client.send(request, bound_to).await?;
        Ok(sent.clean(response))
    }

    fn fill(&self, request: &mut Request, credential: &Credential<'_>) -> Result<Scrub, CallError> {
        let fields = self.open(&credential.context, credential.sealed)?.into_fields()?;
        attach::attach(request, credential.slots, &fields)
    }
}

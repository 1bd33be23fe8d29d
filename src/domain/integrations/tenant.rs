//! Servers whose address has each customer's own name in it, like `https://acme.zendesk.com` (D-40).
//!
//! Of such an address one label is open, the first of the host; whoever connects types it, and it is kept with the
//! connection. The definition has an address of the same form with an example in the label's place, for people to read;
//! nothing is ever sent there, because no connection's secret is bound to it.

use std::sync::Arc;

use url::Url;

use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Field;
use crate::domain::integrations::fingerprint::Fingerprint;
use crate::outbound::label::Label;
use crate::outbound::origin::Origin;
use crate::outbound::origin::OriginMap;
use crate::outbound::origin::Origins;

/// The open label of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, which is its field's name too.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Where to find it.
    pub help: Option<String>,
    /// What it can be; anything, if there is nothing here.
    pub choices: Vec<String>,
}

impl Variable {
    /// What the person fills in, beside the credential.
    pub fn field(&self) -> Field {
        Field {
            name: self.name.clone(),
            label: self.label.clone(),
            help: self.help.clone(),
            secret: false,
            required: true,
            multiline: false,
        }
    }

    /// Whether that is one of its choices.
    pub fn admits(&self, label: &Label) -> bool {
        self.choices.is_empty() || self.choices.iter().any(|choice| choice == label.as_str())
    }
}

impl ActionDefinition {
    /// Where its requests go for a tenant; nowhere, if there should be one and is not.
    pub fn server_of(&self, tenant: Option<&Label>) -> Option<(Url, Origin)> {
        let Some(variable) = &self.variable else { return Some((self.server.clone(), self.origin.clone())) };
        let label = tenant.filter(|label| variable.admits(label))?;
        let (_, rest) = self.server.host_str()?.split_once('.')?;
        let host = format!("{label}.{rest}");
        let mut url = self.server.clone();
        url.set_host(Some(&host)).ok()?;
        // It is the `url` crate's reading that counts.
        if url.host_str() != Some(host.as_str()) {
            return None;
        }
        let url = self.map.as_ref().map_or_else(|| url.clone(), |map| map.apply(&url));
        let origin = Origin::of(&url).ok()?;
        Some((url, origin))
    }
}

impl Definition {
    /// The same integration with every address mapped (`ODEUS_ORIGIN_MAP`).
    #[must_use]
    pub fn mapped(mut self, map: &OriginMap) -> Self {
        for (_, url) in &mut self.addresses {
            *url = map.apply(url);
        }
        let kept = Arc::new(map.clone());
        for action in &mut self.actions {
            action.map = action.variable.as_ref().map(|_| Arc::clone(&kept));
            action.server = map.apply(&action.server);
            // An address that was read has an origin, and a mapped one has the map's.
            if let Ok(origin) = Origin::of(&action.server) {
                action.origin = origin;
            }
            action.fingerprint = Fingerprint::default();
        }
        for method in &mut self.auth {
            if let Some(oauth) = &mut method.oauth {
                oauth.authorize_url = map.apply(&oauth.authorize_url);
                oauth.token_url = map.apply(&oauth.token_url);
                oauth.revoke_url = oauth.revoke_url.as_ref().map(|url| map.apply(url));
            }
            if let Some(endpoint) = &mut method.service_account {
                endpoint.token_url = map.apply(&endpoint.token_url);
            }
        }
        self
    }

    /// The origins of all servers for a tenant.
    pub fn api_origins_of(&self, tenant: Option<&Label>) -> Option<Origins> {
        self.actions.iter().map(|action| Some(action.server_of(tenant)?.1)).collect()
    }
}

//! Addresses, in one place: what a link or a redirect may say. Those that leave the site are built from the configured
//! public URL and nothing else (D-53).

mod outside;
mod people;

use std::future::Ready;
use std::future::ready;

use actix_web::FromRequest;
use actix_web::HttpRequest;
use actix_web::dev::Payload;

use crate::domain::oauth::flows::Begun;
use crate::domain::oauth::flows::Flow;
use crate::domain::oauth::flows::ReturnTo;
use crate::http::error::Error;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::DraftId;
use crate::kernel::ids::FlowId;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::ShareId;

pub use crate::http::urls::outside::InvalidPublicUrl;
pub use crate::http::urls::outside::OutwardUrl;
pub use crate::http::urls::outside::PublicUrl;
pub use crate::http::urls::outside::safe_path;

/// Where one begins: leads to a workspace.
pub const HOME: &str = "/";
/// Sign-in.
pub const SIGN_IN: &str = "/sign-in";
/// Signing in by a one-time link.
pub const SIGN_IN_LINK: &str = "/sign-in/link";
/// Setting a password by a one-time link.
pub const SET_PASSWORD: &str = "/set-password";
/// Sign-out.
pub const SIGN_OUT: &str = "/sign-out";
/// The invitations of whoever is signed in.
pub const INVITATIONS: &str = "/invitations";
/// "I forgot my password".
pub const FORGOT: &str = "/forgot-password";
/// Turning a kind of mail off by the link below it.
pub const UNSUBSCRIBE: &str = "/mails/unsubscribe";

/// Sign-in that leads back to `next`.
pub fn sign_in_then(next: &str) -> String {
    with_query(SIGN_IN, "next", next)
}

/// A one-time link to sign in. The token stands in the query, which no log has.
pub fn sign_in_link(token: &str) -> String {
    with_query(SIGN_IN_LINK, "token", token)
}

/// A one-time link to set a password. The token stands in the query, which no log has.
pub fn set_password_link(token: &str) -> String {
    with_query(SET_PASSWORD, "token", token)
}

/// The link below a mail. The token stands in the query, which no log has.
pub fn unsubscribe_link(token: &str) -> String {
    with_query(UNSUBSCRIBE, "token", token)
}

fn with_query(path: &str, name: &str, value: &str) -> String {
    with_queries(path, [(name, value)])
}

/// The address of a list narrowed by what is said; what is empty is left out.
pub fn with_queries<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Where a provider sends people back to: each integration of each workspace has its own (D-21).
pub fn oauth_callback(slug: &str, key: &str) -> String {
    format!("/oauth/callback/{slug}/{key}")
}

/// The addresses of one workspace. As a handler's argument: those of the workspace that its proof was drawn in.
#[derive(Clone, Debug)]
pub struct Urls {
    slug: String,
    base: String,
}

impl FromRequest for Urls {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(req.match_info().get("workspace").map(Self::of).ok_or_else(Error::not_found))
    }
}

impl Urls {
    /// Those under `/w/{slug}`.
    pub fn of(slug: &str) -> Self {
        Self { slug: slug.to_owned(), base: format!("/w/{slug}") }
    }

    /// Where one came from to make a connection: what it is called, and the address.
    pub fn before_connecting(&self, flow: &Flow) -> (&'static str, String) {
        match (flow.return_to(), &flow.reconnects) {
            (ReturnTo::AgentAction { agent, action, draft }, _) if draft.is_empty() => {
                ("Back to the action", self.agent_action(&agent, &action))
            }
            (ReturnTo::AgentAction { agent, action, draft }, _) => {
                ("Back to the action", self.agent_action_inputs(&agent, &action, draft.as_str()))
            }
            (ReturnTo::Connection, Some(id)) => ("Back to the connection", self.connection(id)),
            (ReturnTo::Connection, None) => ("Back to the integration", self.integration(&flow.integration)),
        }
    }

    /// Where the provider of an integration sends people back to.
    pub fn oauth_callback(&self, key: &str) -> String {
        oauth_callback(&self.slug, key)
    }

    /// Where one goes with a connection that was just made.
    pub fn after_connecting(&self, to: &ReturnTo, connection: &ConnectionId) -> String {
        match to {
            ReturnTo::Connection => self.connection(connection),
            ReturnTo::AgentAction { agent, action, draft } if draft.is_empty() => self.agent_action(agent, action),
            ReturnTo::AgentAction { agent, action, draft } => self.agent_action_draft(agent, action, draft),
        }
    }

    /// What can be connected.
    pub fn integrations(&self) -> String {
        format!("{}/integrations", self.base)
    }

    /// The page to bring in an integration.
    pub fn import_integration(&self) -> String {
        format!("{}/integrations/import", self.base)
    }

    /// One integration.
    pub fn integration(&self, key: &str) -> String {
        format!("{}/integrations/{key}", self.base)
    }

    /// Where connections to an integration are made.
    pub fn integration_connections(&self, key: &str) -> String {
        format!("{}/integrations/{key}/connections", self.base)
    }

    /// Where an integration's settings are saved.
    pub fn integration_settings(&self, key: &str) -> String {
        format!("{}/integrations/{key}/settings", self.base)
    }

    /// Something of an integration: `access`, `access/review`.
    pub fn integration_part(&self, key: &str, part: &str) -> String {
        format!("{}/integrations/{key}/{part}", self.base)
    }

    /// Who may use an integration, or an action of it.
    pub fn integration_access(&self, key: &str, action: &str) -> String {
        with_queries(&self.integration_part(key, "access"), [("action", action)])
    }

    /// Where an integration's OAuth client is saved.
    pub fn integration_oauth_client(&self, key: &str) -> String {
        format!("{}/integrations/{key}/oauth-client", self.base)
    }

    /// Connections.
    pub fn connections(&self) -> String {
        format!("{}/connections", self.base)
    }

    /// The connections that are shared with one.
    pub fn shared_connections(&self) -> String {
        with_query(&self.connections(), "view", "shared")
    }

    /// One connection.
    pub fn connection(&self, id: &ConnectionId) -> String {
        format!("{}/connections/{id}", self.base)
    }

    /// Something of a connection: `name`, `secret`, `shares`, `tests`, `reconnect`, `deletion`, `state`.
    pub fn connection_part(&self, id: &ConnectionId, part: &str) -> String {
        format!("{}/connections/{id}/{part}", self.base)
    }

    /// Its shares, after one was taken away that can be put back.
    pub fn connection_share_removed(&self, id: &ConnectionId, share: &ShareId) -> String {
        with_query(&self.connection_part(id, "shares"), "removed", &share.to_string())
    }

    /// An OAuth flow: the page that says where one is going, and goes there. Its `state` stands in the query, which no
    /// log has, as in the provider's own address.
    pub fn oauth_flow(&self, begun: &Begun) -> String {
        with_query(&format!("{}/oauth/{}", self.base, begun.flow), "state", &begun.state)
    }

    /// The question whether another account takes the place of the one before.
    pub fn oauth_account(&self, id: &FlowId) -> String {
        format!("{}/oauth/{id}/account", self.base)
    }

    /// Where the answer "no" to that question goes.
    pub fn oauth_account_deletion(&self, id: &FlowId) -> String {
        format!("{}/oauth/{id}/account/deletion", self.base)
    }

    /// Agents.
    pub fn agents(&self) -> String {
        format!("{}/agents", self.base)
    }

    /// The page to make one.
    pub fn new_agent(&self) -> String {
        format!("{}/agents/new", self.base)
    }

    /// One agent.
    pub fn agent(&self, id: &AgentId) -> String {
        format!("{}/agents/{id}", self.base)
    }

    /// One tab of its page: `use` or `build`.
    pub fn agent_tab(&self, id: &AgentId, tab: &str) -> String {
        with_query(&self.agent(id), "tab", tab)
    }

    /// Where an action is put on it, with this connection to be preselected.
    pub fn agent_preselecting(&self, id: &AgentId, integration: &str, connection: &ConnectionId) -> String {
        let connection = connection.to_string();
        let pairs = [("tab", "build"), ("integration", integration), ("connection", &*connection)];
        format!("{}#add", with_queries(&self.agent(id), pairs))
    }

    /// What ran through it.
    pub fn agent_runs(&self, id: &AgentId) -> String {
        with_query(&self.runs(), "agent", &id.to_string())
    }

    /// Something of an agent: `edit`, `actions`, `shares`, `deletion`.
    pub fn agent_part(&self, id: &AgentId, part: &str) -> String {
        format!("{}/agents/{id}/{part}", self.base)
    }

    /// One action of an agent: its form.
    pub fn agent_action(&self, agent: &AgentId, action: &AgentActionId) -> String {
        format!("{}/agents/{agent}/actions/{action}", self.base)
    }

    /// The same, with the input that was kept: it connects what is missing and goes on (R9).
    pub fn agent_action_draft(&self, agent: &AgentId, action: &AgentActionId, draft: &str) -> String {
        with_query(&self.agent_action(agent, action), "draft", draft)
    }

    /// The same, with the input filled in again, to be changed.
    pub fn agent_action_inputs(
        &self,
        agent: &AgentId,
        action: &AgentActionId,
        draft: &(impl ToString + ?Sized),
    ) -> String {
        with_query(&self.agent_action(agent, action), "inputs", &draft.to_string())
    }

    /// The same, with the input of a run filled in again.
    pub fn agent_action_again(&self, agent: &AgentId, action: &AgentActionId, run: &RunId) -> String {
        with_query(&self.agent_action(agent, action), "run", &run.to_string())
    }

    /// Where a call that waits for a connection is sent to make one; from there it comes back to its draft (R9).
    pub fn integration_for_call(&self, key: &str, agent: &AgentId, action: &AgentActionId, draft: &DraftId) -> String {
        let (agent, action, draft) = (agent.to_string(), action.to_string(), draft.to_string());
        with_queries(&self.integration(key), [("agent", &*agent), ("action", &*action), ("draft", &*draft)])
    }

    /// The same for a connection that has to be brought back to life first.
    pub fn connection_for_call(
        &self,
        id: &ConnectionId,
        agent: &AgentId,
        action: &AgentActionId,
        draft: &DraftId,
    ) -> String {
        let (agent, action, draft) = (agent.to_string(), action.to_string(), draft.to_string());
        with_queries(&self.connection(id), [("agent", &*agent), ("action", &*action), ("draft", &*draft)])
    }

    /// A run that was refused for want of a living connection, with the inputs that wait for one.
    pub fn run_with_draft(&self, id: &RunId, draft: &DraftId) -> String {
        with_query(&self.run(id), "draft", &draft.to_string())
    }

    /// Something of an agent's action: `runs`, `edit`, `deletion`, `choice`.
    pub fn agent_action_part(&self, agent: &AgentId, action: &AgentActionId, part: &str) -> String {
        format!("{}/agents/{agent}/actions/{action}/{part}", self.base)
    }

    /// Runs.
    pub fn runs(&self) -> String {
        format!("{}/runs", self.base)
    }

    /// The answer of a run, as a file.
    pub fn run_response(&self, id: &RunId) -> String {
        format!("{}/runs/{id}/response", self.base)
    }

    /// One run.
    pub fn run(&self, id: &RunId) -> String {
        format!("{}/runs/{id}", self.base)
    }

    /// Who did what.
    pub fn audit(&self) -> String {
        format!("{}/audit", self.base)
    }

    /// The same as a file: `csv` or `jsonl`.
    pub fn audit_file(&self, format: &str) -> String {
        format!("{}/audit.{format}", self.base)
    }

    /// What happened to one thing.
    pub fn audit_of(&self, object: &(impl ToString + ?Sized)) -> String {
        with_query(&self.audit(), "object", &object.to_string())
    }

    /// The mails that the workspace sends.
    pub fn mails(&self) -> String {
        format!("{}/mails", self.base)
    }

    /// Where one is sent again.
    pub fn mail_retries(&self, id: &OutboxId) -> String {
        format!("{}/mails/{id}/retries", self.base)
    }

    /// The workspace itself: leads to its first page.
    pub fn home(&self) -> String {
        self.base.clone()
    }

    /// The person's own page.
    pub fn profile(&self) -> String {
        format!("{}/profile", self.base)
    }

    /// Something of the profile: `password`, `tokens`, `tokens/deletion`, `mails`, `sessions/deletion`, `other-sessions/deletion`.
    pub fn profile_part(&self, part: &str) -> String {
        format!("{}/profile/{part}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_leads_back_to_the_action_that_needed_it() {
        let (urls, connection) = (Urls::of("acme"), ConnectionId::new());
        let (agent, action) = (AgentId::new(), AgentActionId::new());
        let to = |draft: &str| ReturnTo::AgentAction { agent, action, draft: draft.to_owned() };

        assert_eq!(urls.after_connecting(&ReturnTo::Connection, &connection), urls.connection(&connection));
        assert_eq!(urls.after_connecting(&to(""), &connection), urls.agent_action(&agent, &action));
        let back = urls.after_connecting(&to("a&b"), &connection);
        assert_eq!(back, format!("{}?draft=a%26b", urls.agent_action(&agent, &action)));
    }
}

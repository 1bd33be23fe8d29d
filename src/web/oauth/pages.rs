//! What the pages on the way to a provider and back show.

use actix_web::http::StatusCode;
use askama::Template;

use crate::authz::facts::AuthType;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::Definition;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::callback::held::Held;
use crate::domain::oauth::flows::Flow;
use crate::domain::oauth::flows::ReturnTo;
use crate::http::page::Shell;
use crate::http::urls;
use crate::http::urls::OutwardUrl;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::FlowId;

/// The page before the provider's own.
#[derive(Debug, Template)]
#[template(path = "oauth/flow.html")]
pub struct FlowPage {
    /// The frame.
    pub shell: Shell,
    /// The integration's key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its icon's name.
    pub icon: String,
    /// Where the provider asks; nothing if this flow has ended.
    pub to: Option<OutwardUrl>,
    /// What will be asked for, in words, with the names of the scopes.
    pub scopes: Vec<(String, String)>,
    /// The connection that is reconnected.
    pub reconnects: Option<ConnectionId>,
    /// The account that it was.
    pub account: Option<String>,
    /// Whether an agent's action waits for it.
    pub is_for_action: bool,
    /// Where one came from: what it is called, and the address.
    pub back: (&'static str, String),
}

impl FlowPage {
    /// The page of a flow, for whoever brings this `state`.
    pub fn of(shell: Shell, (flow, state): (&Flow, &str), definition: &Definition, account: Option<String>) -> Self {
        let oauth = definition.method(AuthType::Oauth).and_then(|method| method.oauth.as_ref());
        let meaning = |scope: &String| oauth.and_then(|oauth| oauth.scope_descriptions.get(scope)).cloned();
        let scope = |scope: &String| (meaning(scope).unwrap_or_default(), scope.clone());
        Self {
            key: flow.integration.clone(),
            name: definition.name.clone(),
            icon: definition.icon.clone().unwrap_or_default(),
            to: flow.way(state, shell.now).as_deref().and_then(OutwardUrl::parse),
            scopes: flow.scopes.iter().map(scope).collect(),
            reconnects: flow.reconnects,
            account,
            is_for_action: matches!(flow.return_to(), ReturnTo::AgentAction { .. }),
            back: shell.urls.before_connecting(flow),
            shell,
        }
    }
}

/// The question whether another account takes the place of the one before.
#[derive(Debug, Template)]
#[template(path = "oauth/account.html")]
pub struct AccountPage {
    /// The frame.
    pub shell: Shell,
    /// The flow that holds the new access.
    pub flow: FlowId,
    /// The connection.
    pub connection: Connection,
    /// The integration's name.
    pub integration: String,
    /// The account that it was.
    pub before: String,
    /// The account that came back.
    pub after: String,
    /// How many agents have it preselected.
    pub agents: i64,
}

impl AccountPage {
    /// The question about what is held.
    pub fn of(shell: Shell, held: &Held, connection: Connection, definition: &Definition, agents: i64) -> Self {
        let unnamed = || "an account without a name".to_owned();
        Self {
            flow: held.flow,
            integration: definition.name.clone(),
            before: connection.account.clone().unwrap_or_else(unnamed),
            after: held.account.clone().unwrap_or_else(unnamed),
            connection,
            agents,
            shell,
        }
    }
}

/// A flow that ended without a connection.
#[derive(Debug, Template)]
#[template(path = "oauth/ended.html")]
pub struct EndedPage {
    /// The answer's status.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: &'static str,
    /// What happened and what to do.
    pub detail: String,
    /// The way on.
    pub way: String,
    /// What to call it.
    pub way_says: &'static str,
}

impl EndedPage {
    /// Nobody is signed in. The code is not carried through the sign-in; the flow ends by itself.
    pub fn signed_out(again: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            title: "Sign in and start again",
            detail: "You were signed out of Odeus in the meantime, or this is another browser. Nothing was connected."
                .to_owned(),
            way: urls::sign_in_then(again),
            way_says: "Sign in",
        }
    }

    /// The address makes no sense.
    pub fn not_understood(again: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            title: "This answer makes no sense",
            detail: "The provider’s answer is incomplete or says something twice. Nothing was connected. Start again; \
                     if it happens again, a workspace admin should look at the integration."
                .to_owned(),
            way: again.to_owned(),
            way_says: "Start again",
        }
    }

    /// What went wrong on the way back.
    pub fn of(error: &CallbackError, (way_says, way): (&'static str, String)) -> Self {
        let (status, title) = match error {
            CallbackError::StateUnknown => (StatusCode::BAD_REQUEST, "This sign-in has ended"),
            CallbackError::OtherPerson => (StatusCode::FORBIDDEN, "This is not your sign-in"),
            CallbackError::OtherIntegration => (StatusCode::BAD_REQUEST, "This answer is for another integration"),
            CallbackError::OtherIssuer => (StatusCode::BAD_REQUEST, "This answer is from somebody else"),
            CallbackError::Declined(_) => (StatusCode::OK, "You did not agree"),
            CallbackError::Refused { .. } => (StatusCode::BAD_REQUEST, "The provider refused"),
            CallbackError::ClientRefused(_) => (StatusCode::BAD_REQUEST, "The OAuth client is not accepted"),
            CallbackError::Unreached(_) => (StatusCode::BAD_REQUEST, "The provider did not answer"),
            CallbackError::CheckFailed(_) => (StatusCode::BAD_REQUEST, "The test call failed"),
            CallbackError::Gone => (StatusCode::CONFLICT, "The connection is gone"),
            CallbackError::NotAvailable => (StatusCode::NOT_FOUND, "Not available"),
            CallbackError::Registry(_) | CallbackError::Vault(_) | CallbackError::Database(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong")
            }
        };
        Self { status, title, detail: error.to_string(), way, way_says }
    }
}

/// Every page with `text` wherever there is text, rendered: for the test that looks at them all.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let some = || text.to_owned();
    let flow = |to: Option<&str>| FlowPage {
        shell: Shell::sample(text),
        key: "sample".to_owned(),
        name: some(),
        icon: some(),
        to: to.and_then(OutwardUrl::parse),
        scopes: vec![(some(), some()), (String::new(), some())],
        reconnects: Some(ConnectionId::new()),
        account: Some(some()),
        is_for_action: true,
        back: ("Back to the integration", "/w/acme/integrations/sample".to_owned()),
    };
    let connection = Connection {
        id: ConnectionId::new(),
        owner: crate::kernel::ids::UserId::new(),
        owner_name: some(),
        integration: "sample".to_owned(),
        auth_type: AuthType::Oauth,
        name: some(),
        status: crate::domain::connections::ConnectionStatus::Active,
        status_reason: None,
        account: Some(some()),
        scopes: Vec::new(),
        tenant: None,
        created_at: Shell::sample(text).now,
        last_used_at: None,
        is_owner: true,
        shared: None,
        shared_until: None,
    };
    let account = AccountPage {
        shell: Shell::sample(text),
        flow: FlowId::new(),
        connection,
        integration: some(),
        before: some(),
        after: some(),
        agents: 2,
    };
    let ended = EndedPage::of(&CallbackError::CheckFailed(some()), flow(None).back);
    vec![
        flow(Some("https://id.example.com/authorize?state=x")).render(),
        flow(None).render(),
        account.render(),
        ended.render(),
        EndedPage::signed_out("/w/acme/integrations/sample").render(),
    ]
}

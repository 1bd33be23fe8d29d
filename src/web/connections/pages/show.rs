//! One connection.

use std::collections::BTreeSet;

use askama::Template;

use crate::authz::actions::Disable;
use crate::authz::actions::Explain;
use crate::authz::actions::Maintain;
use crate::authz::actions::Share;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::agents::Agent;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::secrets;
use crate::domain::integrations::definition::Definition;
use crate::domain::oauth::trial::Outcome;
use crate::domain::runs::Run;
use crate::domain::runs::usage::NAMED_AT_MOST;
use crate::domain::runs::usage::Usage;
use crate::http::look;
use crate::http::page::Shell;
use crate::http::pending::Pending;
use crate::http::urls;
use crate::web::connections::pages::Face;

/// One connection.
#[derive(Debug, Template)]
#[template(path = "connections/show.html")]
pub struct ConnectionPage {
    /// The frame.
    pub shell: Shell,
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub face: Face,
    /// Whether its integration is still there.
    pub has_integration: bool,
    /// Where its secret may go.
    pub hosts: Vec<String>,
    /// What was allowed, in words.
    pub scopes: Vec<(String, String)>,
    /// What the person may do with it.
    pub rights: Rights,
    /// What depends on it, for those who may know.
    pub dependents: Option<Dependents>,
    /// The runs on it, with the names of their actions.
    pub runs: Vec<(Run, String)>,
    /// How the test went that was just made.
    pub tested: Option<Outcome>,
    /// The call that waits until it works again (R9).
    pub pending: Option<Pending>,
}

/// What the person may do with a connection.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a right of its own")]
pub struct Rights {
    /// Rename, test, reconnect, replace the secret.
    pub maintain: bool,
    /// Switch it off and on, and delete it.
    pub stop: bool,
    /// Ask what somebody may do with it.
    pub explain: bool,
    /// Share it. Of a sign-in of their own they read why not.
    pub share: bool,
}

impl Rights {
    /// As the policy says.
    pub fn of(actor: &Actor, connection: &Connection) -> Self {
        let facts = connection.facts();
        Self {
            maintain: <Maintain as Permits<ConnectionFacts>>::permits(actor, &facts).is_ok(),
            stop: <Disable as Permits<ConnectionFacts>>::permits(actor, &facts).is_ok(),
            explain: <Explain as Permits<ConnectionFacts>>::permits(actor, &facts).is_ok(),
            share: connection.is_owner || <Share as Permits<ConnectionFacts>>::permits(actor, &facts).is_ok(),
        }
    }
}

/// What depends on a connection.
#[derive(Clone, Debug, Default)]
pub struct Dependents {
    /// In numbers.
    pub usage: Usage,
    /// The agents that the person may see.
    pub agents: Vec<Agent>,
    /// Its latest runs.
    pub runs: Vec<Run>,
}

impl Dependents {
    /// How many agents are not named.
    pub fn hidden_agents(&self) -> i64 {
        let seen = i64::try_from(self.agents.len()).unwrap_or(i64::MAX);
        (self.usage.agents - seen).max(0)
    }

    /// `3 agents that you cannot see`; of very many, not all were looked at.
    pub fn hidden_words(&self) -> String {
        match (self.hidden_agents(), self.usage.agents > NAMED_AT_MOST) {
            (1, false) => "1 agent that you cannot see".to_owned(),
            (hidden, false) => format!("{hidden} agents that you cannot see"),
            (more, true) => format!("{more} more agents"),
        }
    }
}

impl ConnectionPage {
    /// The page of a connection.
    pub fn of(
        shell: Shell,
        connection: Connection,
        definition: Option<&Definition>,
        rights: Rights,
        dependents: Option<Dependents>,
    ) -> Self {
        let runs = dependents.iter().flat_map(|found| found.runs.clone()).map(|run| {
            let action = definition.and_then(|definition| definition.action(&run.action));
            let name = action.map_or_else(|| run.action.clone(), |action| action.name.clone());
            (run, name)
        });
        Self {
            face: Face::of(&connection, definition),
            has_integration: definition.is_some(),
            hosts: definition.map(|definition| hosts(definition, &connection)).unwrap_or_default(),
            scopes: scopes(&connection, definition),
            runs: runs.collect(),
            shell,
            connection,
            rights,
            dependents,
            tested: None,
            pending: None,
        }
    }

    /// Whether only integration, owner and state are shown (R1).
    fn is_masked(&self) -> bool {
        self.is_oauth() && !self.connection.is_owner
    }

    fn is_oauth(&self) -> bool {
        self.connection.auth_type == AuthType::Oauth
    }

    /// Whether it has a secret that is typed.
    fn has_typed_secret(&self) -> bool {
        matches!(self.connection.auth_type, AuthType::ApiKey | AuthType::ServiceAccount)
    }

    /// Where its secret is replaced, with the call that waits for it.
    fn secret_url(&self) -> String {
        let waiting = self.pending.iter().flat_map(|pending| &pending.fields);
        let secret = self.shell.urls.connection_part(&self.connection.id, "secret");
        urls::with_queries(&secret, waiting.map(|(name, value)| (*name, value.as_str())))
    }

    fn is(&self, status: ConnectionStatus) -> bool {
        self.connection.status == status
    }

    /// What the person may do with it who does not own it.
    fn shared(&self) -> &'static str {
        match self.connection.shared {
            Some(ShareAccess::Attach) => "May use it, and attach it to agents",
            Some(ShareAccess::Use) => "May use it",
            None => "",
        }
    }

    /// Why it does not work, and what to do about it.
    fn trouble(&self) -> Option<String> {
        let reason = self.connection.status_reason.clone();
        match self.connection.status {
            ConnectionStatus::Active => None,
            ConnectionStatus::NeedsReconnect => {
                Some(reason.unwrap_or_else(|| format!("{} no longer accepts this connection.", self.face.name)))
            }
            ConnectionStatus::Misconfigured => Some(reason.unwrap_or_else(|| {
                format!(
                    "{} does not accept this workspace’s OAuth client. A workspace admin has to correct it.",
                    self.face.name
                )
            })),
            ConnectionStatus::Suspended => {
                Some("Its owner left, so nothing can use it until a workspace admin adopts it.".to_owned())
            }
            ConnectionStatus::Disabled => {
                Some("It is switched off: nothing can use it until it is enabled again.".to_owned())
            }
        }
    }
}

fn hosts(definition: &Definition, connection: &Connection) -> Vec<String> {
    let tenant = secrets::parse_tenant(connection.tenant.clone());
    let servers = definition.actions.iter().map(|action| action.server_of(tenant.as_ref()));
    let hosts: BTreeSet<String> = servers.flatten().map(|(server, _)| look::place(&server)).collect();
    hosts.into_iter().collect()
}

fn scopes(connection: &Connection, definition: Option<&Definition>) -> Vec<(String, String)> {
    let oauth = definition.and_then(|definition| definition.method(AuthType::Oauth)?.oauth.as_ref());
    let meaning =
        |scope: &String| oauth.and_then(|oauth| oauth.scope_descriptions.get(scope)).cloned().unwrap_or_default();
    connection.scopes.iter().map(|scope| (scope.clone(), meaning(scope))).collect()
}

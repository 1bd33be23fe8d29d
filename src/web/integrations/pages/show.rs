//! One integration: the ways to connect it, what is connected, what it can do, and what admins decide on it.

use std::collections::BTreeSet;

use askama::Template;

use crate::authz::actions::Connect;
use crate::authz::actions::Use;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::integration::Integration;
use crate::http::credential;
use crate::http::credential::CredentialField;
use crate::http::credential::Kept;
use crate::http::form::Mistakes;
use crate::http::look;
use crate::http::page::Shell;
use crate::http::pending::Pending;
use crate::http::urls::PublicUrl;
use crate::web::integrations::pages::plain;

/// How much of a description stands under the name.
const LEAD_TEXT: usize = 400;
/// How much of an action's description stands in the table.
const ACTION_TEXT: usize = 200;
/// From how many actions on there is a field to filter them.
const MANY_ACTIONS: usize = 10;

/// What of an integration is not for somebody.
#[derive(Clone, Copy, Debug)]
pub struct Closed<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// The integration.
    pub integration: &'a Integration,
}

impl Closed<'_> {
    fn is_reserved(self, auth_type: AuthType) -> bool {
        <Connect as Permits<MethodFacts>>::permits(self.actor, &self.integration.method_facts(auth_type)).is_err()
    }

    fn is_closed(self, action: &ActionDefinition) -> bool {
        <Use as Permits<ActionFacts>>::permits(self.actor, &self.integration.action_facts(&action.key)).is_err()
    }
}

/// One integration.
#[derive(Debug, Default, Template)]
#[template(path = "integrations/show.html")]
pub struct IntegrationPage {
    /// The frame.
    pub shell: Shell,
    /// What it is.
    pub about: About,
    /// The ways to connect it, preferred first.
    pub ways: Vec<Way>,
    /// Where the person came from and goes back to.
    pub origin: Option<Pending>,
    /// Why nothing was connected, if it was no field's fault.
    pub refusal: Option<(AuthType, String)>,
    /// What is wrong with the fields of the form that was sent.
    pub mistakes: Mistakes,
    /// What is connected.
    pub connections: Connections,
    /// What it can do.
    pub actions: Vec<Action>,
    /// What of its document could not be carried over; for those who may bring integrations in.
    pub notes: Vec<Problem>,
    /// Whether it was brought in a moment ago.
    pub is_fresh: bool,
    /// Why it is not for the person, and who can help.
    pub closed: Option<String>,
    /// Why a way to connect is not for the person, and who can help.
    pub reserved: String,
    /// The OAuth client; for admins.
    pub client: Option<Client>,
}

/// What an integration is.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// Its icon's name.
    pub icon: String,
    /// What it is.
    pub lead: String,
    /// Whether the workspace brought it in.
    pub is_custom: bool,
    /// Whether it is switched on.
    pub is_enabled: bool,
    /// Whether it is for everyone.
    pub is_for_everyone: bool,
    /// Where calls go.
    pub hosts: Vec<String>,
    /// Where people sign in.
    pub sign_in_host: Option<String>,
}

/// One way to connect.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The auth type.
    pub auth_type: Option<AuthType>,
    /// What to call it.
    pub title: String,
    /// What it means for the person.
    pub help: &'static str,
    /// What to fill in.
    pub fields: Vec<CredentialField>,
    /// The name that was typed.
    pub name: String,
    /// Whether its form is open.
    pub is_open: bool,
    /// Whether admins keep it, and the person is none.
    pub is_reserved: bool,
    /// Whether it works: for OAuth, whether there is a client.
    pub is_ready: bool,
    /// What OAuth asks for.
    pub scopes: Vec<Scope>,
}

/// An OAuth scope.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Its name at the provider.
    pub name: String,
    /// What it means; its name where the document does not say.
    pub meaning: String,
}

/// What is connected to the integration.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    /// The person's own.
    pub mine: Vec<Connection>,
    /// Others', shared with them.
    pub shared: Vec<Connection>,
    /// For admins: everybody else's.
    pub others: Vec<Connection>,
    /// Whether there are more of these than are shown.
    pub has_more: bool,
}

/// One action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub text: String,
    /// Whether it changes something.
    pub effect: Effect,
    /// Whether it is restricted and not for the person.
    pub is_closed: bool,
}

/// The OAuth client that connections are made with.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Whether there is one.
    pub is_set: bool,
    /// Whether it has a secret.
    pub has_secret: bool,
    /// What has to be registered at the provider.
    pub redirect_uri: String,
    /// Why the provider refuses it.
    pub refusal: Option<String>,
    /// What is wrong with the form that was sent.
    pub mistakes: Mistakes,
}

/// A form that was sent and comes back.
#[derive(Debug, Default)]
pub struct Attempt {
    /// Where the person came from.
    pub origin: Option<Pending>,
    /// Which form.
    pub auth_type: Option<AuthType>,
    /// The name that was typed.
    pub name: String,
    /// What else may be shown again.
    pub kept: Kept,
    /// Why nothing was connected.
    pub refusal: Option<String>,
    /// What is wrong with the fields.
    pub mistakes: Mistakes,
}

impl IntegrationPage {
    /// The page of an integration, before anything was typed.
    pub fn of(
        shell: Shell,
        public: &PublicUrl,
        integration: &Integration,
        definition: &Definition,
        connections: Connections,
        (notes, closed): (&[Problem], Closed<'_>),
    ) -> Self {
        let ways = definition.auth.iter().enumerate();
        let is_ready = integration.oauth_client_id.is_some();
        let has_oauth = definition.method(AuthType::Oauth).is_some();
        let client = || Client {
            id: integration.oauth_client_id.clone().unwrap_or_default(),
            is_set: is_ready,
            has_secret: integration.oauth_client_secret.is_some(),
            redirect_uri: public.absolute(&shell.urls.oauth_callback(&integration.key)),
            refusal: integration.misconfigured_reason.clone(),
            mistakes: Mistakes::default(),
        };
        Self {
            about: about(integration, definition),
            ways: ways
                .map(|(index, method)| Way {
                    is_reserved: closed.is_reserved(method.auth_type),
                    ..way(definition, method, is_ready, index == 0)
                })
                .collect(),
            actions: definition
                .actions
                .iter()
                .map(|it| Action { is_closed: closed.is_closed(it), ..action(it) })
                .collect(),
            notes: if shell.may_create_integrations() { notes.to_vec() } else { Vec::new() },
            client: if shell.is_admin() && has_oauth { Some(client()) } else { None },
            connections,
            shell,
            ..Self::default()
        }
    }

    /// The same with a form that was sent: open, and holding what was typed.
    #[must_use]
    pub fn with(mut self, attempt: Attempt) -> Self {
        for way in self.ways.iter_mut().filter(|_| attempt.auth_type.is_some()) {
            way.is_open = way.auth_type == attempt.auth_type;
            if way.is_open {
                way.name.clone_from(&attempt.name);
                for field in &mut way.fields {
                    field.value = attempt.kept.get(&field.name).cloned().unwrap_or_default();
                }
            }
        }
        Self {
            origin: attempt.origin,
            refusal: attempt.auth_type.zip(attempt.refusal),
            mistakes: attempt.mistakes,
            ..self
        }
    }

    fn has_many_actions(&self) -> bool {
        self.actions.len() > MANY_ACTIONS
    }

    /// Why this form did not connect.
    fn refusal_of(&self, way: &Way) -> Option<&str> {
        self.refusal.as_ref().filter(|(auth_type, _)| Some(*auth_type) == way.auth_type).map(|(_, why)| why.as_str())
    }

    fn has_mistakes(&self, way: &Way) -> bool {
        way.is_open && !self.mistakes.is_empty()
    }

    /// Others' connections that can be shared.
    fn keys(&self) -> Vec<&Connection> {
        self.connections.others.iter().filter(|one| one.auth_type != AuthType::Oauth).collect()
    }

    /// Others' sign-ins.
    fn sign_ins(&self) -> Vec<&Connection> {
        self.connections.others.iter().filter(|one| one.auth_type == AuthType::Oauth).collect()
    }

    fn all_connections(&self) -> String {
        let query = serde_urlencoded::to_string([("view", "all"), ("integration", self.about.key.as_str())]);
        format!("{}?{}", self.shell.urls.connections(), query.unwrap_or_default())
    }
}

impl Way {
    fn word(&self) -> &'static str {
        self.auth_type.map(AuthType::as_str).unwrap_or_default()
    }

    fn is_oauth(&self) -> bool {
        self.auth_type == Some(AuthType::Oauth)
    }
}

fn about(integration: &Integration, definition: &Definition) -> About {
    let hosts: BTreeSet<String> = definition.actions.iter().map(|action| look::place(&action.server)).collect();
    let oauth = definition.method(AuthType::Oauth).and_then(|method| method.oauth.as_ref());
    About {
        key: integration.key.clone(),
        name: definition.name.clone(),
        category: definition.category.clone(),
        icon: definition.icon.clone().unwrap_or_default(),
        lead: plain(&definition.description, LEAD_TEXT),
        is_custom: integration.is_custom,
        is_enabled: integration.is_enabled,
        is_for_everyone: integration.is_for_everyone,
        hosts: hosts.into_iter().collect(),
        sign_in_host: oauth.map(|oauth| look::place(&oauth.authorize_url)),
    }
}

fn way(definition: &Definition, method: &AuthMethod, has_client: bool, is_first: bool) -> Way {
    let (title, help) = match method.auth_type {
        AuthType::Oauth => (
            format!("Sign in with {}", definition.name),
            "You act as yourself, with your own rights there. Stays yours: it cannot be shared.",
        ),
        AuthType::ApiKey => (
            "API key".to_owned(),
            "A key or token that the provider gave you. You can share it with people and groups.",
        ),
        AuthType::ServiceAccount => {
            ("Service account".to_owned(), "A key file that signs in without a person. You can share it.")
        }
        AuthType::None => ("Without a credential".to_owned(), "This API is open: nothing is signed in to."),
    };
    let oauth = method.oauth.as_ref();
    let meaning =
        |name: &String| oauth.and_then(|oauth| oauth.scope_descriptions.get(name)).filter(|text| !text.is_empty());
    let scopes = if oauth.is_some() { definition.scopes() } else { Vec::new() };
    Way {
        auth_type: Some(method.auth_type),
        title,
        help,
        fields: credential::fields(method, &Kept::new()),
        is_open: is_first,
        is_reserved: false,
        is_ready: method.auth_type != AuthType::Oauth || has_client,
        scopes: scopes
            .into_iter()
            .map(|name| Scope { meaning: meaning(&name).unwrap_or(&name).clone(), name })
            .collect(),
        name: String::new(),
    }
}

fn action(action: &ActionDefinition) -> Action {
    Action {
        key: action.key.clone(),
        name: action.name.clone(),
        text: plain(&action.description, ACTION_TEXT),
        effect: action.effect,
        is_closed: false,
    }
}

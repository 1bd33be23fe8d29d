//! Integrations as programs see them.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::authz::actions::Connect;
use crate::authz::actions::Use;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::MethodFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::integrations::access;
use crate::domain::integrations::access::Audience;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::AuthMethod;
use crate::domain::integrations::definition::Definition;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::definition::Field;
use crate::domain::integrations::document::Problem;
use crate::domain::integrations::integration::Integration;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

/// An integration, in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationSummary)]
pub(super) struct Summary {
    /// What names it in this workspace.
    key: String,
    name: String,
    /// What it is; may be empty.
    description: String,
    category: String,
    /// How one can authenticate, the preferred way first.
    auth_types: Vec<AuthType>,
    /// Whether the workspace brought it in itself.
    custom: bool,
    /// Whether it is switched on; only admins see those that are not.
    enabled: bool,
    /// Whether the caller may use it; if it is restricted and not for them, a workspace admin can add them.
    usable: bool,
}

impl Summary {
    pub(super) fn of(actor: &Actor, integration: &Integration, definition: &Definition) -> Self {
        Self {
            key: integration.key.clone(),
            name: definition.name.clone(),
            description: definition.description.clone(),
            category: definition.category.clone(),
            auth_types: definition.auth.iter().map(|method| method.auth_type).collect(),
            custom: integration.is_custom,
            enabled: integration.is_enabled,
            usable: <Connect as Permits<IntegrationFacts>>::permits(actor, &integration.facts()).is_ok(),
        }
    }
}

/// An integration, with all that it takes to connect to it and to use it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Integration)]
pub(super) struct Detail<'a> {
    #[serde(flatten)]
    summary: Summary,
    /// Each way to authenticate, the preferred one first.
    auth: Vec<Auth<'a>>,
    /// What it can do.
    actions: Vec<Action<'a>>,
    /// Its OAuth client; for admins, where the integration uses OAuth.
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth: Option<Oauth>,
    /// For whom it is; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Access>,
    /// Which ways to connect admins keep for themselves; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_auth_types: Option<Vec<AuthType>>,
    /// What the caller may not use here, and who can help; nothing where they may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Detail<'a> {
    /// For members.
    pub(super) fn of(
        actor: &Actor,
        integration: &Integration,
        definition: &'a Definition,
        hint: Option<&'a str>,
    ) -> Self {
        Self {
            summary: Summary::of(actor, integration, definition),
            auth: definition.auth.iter().map(|method| Auth::of(actor, integration, method)).collect(),
            actions: definition.actions.iter().map(|action| Action::of(actor, integration, action)).collect(),
            oauth: None,
            access: None,
            reserved_auth_types: None,
            hint,
        }
    }

    /// For admins.
    pub(super) fn with_settings(
        mut self,
        integration: &Integration,
        access: &access::Access,
        redirect_uri: String,
    ) -> Self {
        let uses_oauth = self.auth.iter().any(|auth| auth.r#type == AuthType::Oauth);
        let oauth = Oauth {
            client_configured: integration.oauth_client_id.is_some(),
            redirect_uri,
            problem: integration.misconfigured_reason.clone(),
        };
        for action in &mut self.actions {
            action.access = Some(Access::of(access.of(&access::Scope::of(action.key))));
        }
        Self {
            oauth: uses_oauth.then_some(oauth),
            access: Some(Access::of(&access.audience)),
            reserved_auth_types: Some(access.reserved.iter().copied().collect()),
            ..self
        }
    }
}

/// One way to authenticate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthMethod)]
struct Auth<'a> {
    r#type: AuthType,
    /// What goes into `fields` of a new connection; none for `oauth`, which is connected in a browser.
    fields: Vec<AuthField<'a>>,
    /// Whether the caller may connect in this way; admins can keep one for themselves.
    usable: bool,
}

impl<'a> Auth<'a> {
    fn of(actor: &Actor, integration: &Integration, method: &'a AuthMethod) -> Self {
        let facts = integration.method_facts(method.auth_type);
        Self {
            r#type: method.auth_type,
            fields: method.fields.iter().map(AuthField::of).collect(),
            usable: <Connect as Permits<MethodFacts>>::permits(actor, &facts).is_ok(),
        }
    }
}

/// One part of a credential.
#[derive(Debug, Serialize, ToSchema)]
struct AuthField<'a> {
    name: &'a str,
    /// What people read.
    label: &'a str,
    /// Where to find it.
    #[schema(required)]
    help: Option<&'a str>,
    /// Whether it is hidden while typed. Every field is kept as a secret, this one or not.
    secret: bool,
    required: bool,
}

impl<'a> AuthField<'a> {
    fn of(field: &'a Field) -> Self {
        Self {
            name: &field.name,
            label: &field.label,
            help: field.help.as_deref(),
            secret: field.secret,
            required: field.required,
        }
    }
}

/// One operation that an agent can run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationAction)]
struct Action<'a> {
    /// What names it in the integration.
    key: &'a str,
    name: &'a str,
    /// What it does; may be empty.
    description: &'a str,
    effect: Effect,
    /// With which kinds of connection it works.
    auth_types: &'a [AuthType],
    /// What `input` of a run has to be: JSON Schema 2020-12 of one flat object.
    #[schema(value_type = Object)]
    input_schema: &'a Value,
    /// Whether the caller may use it.
    usable: bool,
    /// For whom it is; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    access: Option<Access>,
}

impl<'a> Action<'a> {
    fn of(actor: &Actor, integration: &Integration, action: &'a ActionDefinition) -> Self {
        let facts = integration.action_facts(&action.key);
        Self {
            key: &action.key,
            name: &action.name,
            description: &action.description,
            effect: action.effect,
            auth_types: &action.auth_types,
            input_schema: &action.input_schema,
            usable: <Use as Permits<ActionFacts>>::permits(actor, &facts).is_ok(),
            access: None,
        }
    }
}

/// The OAuth client that connections are made with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OauthSettings)]
struct Oauth {
    /// Whether an admin has set one.
    client_configured: bool,
    /// The address to register at the provider.
    redirect_uri: String,
    /// Why the provider refuses the client, if it does.
    #[schema(required)]
    problem: Option<String>,
}

/// For whom an integration or an action is. Admins always have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntegrationAccess)]
struct Access {
    /// For every member; of an action: for everybody who may use the integration.
    workspace: bool,
    /// For these people.
    users: Vec<UserId>,
    /// For the members of these groups.
    groups: Vec<GroupId>,
}

impl Access {
    fn of(audience: &Audience) -> Self {
        match audience {
            Audience::Everyone => Self { workspace: true, users: Vec::new(), groups: Vec::new() },
            Audience::Only { users, groups } => Self { workspace: false, users: users.clone(), groups: groups.clone() },
        }
    }
}

/// An integration that was just brought in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportedIntegration)]
pub(super) struct Imported<'a> {
    #[serde(flatten)]
    integration: Detail<'a>,
    /// What of the document could not be carried over.
    notes: Vec<Note<'a>>,
}

impl<'a> Imported<'a> {
    pub(super) fn of(integration: Detail<'a>, notes: &'a [Problem]) -> Self {
        let note = |problem: &'a Problem| Note { pointer: &problem.pointer, message: &problem.message };
        Self { integration, notes: notes.iter().map(note).collect() }
    }
}

/// Something in a document.
#[derive(Debug, Serialize, ToSchema)]
struct Note<'a> {
    /// Where: a JSON pointer.
    pointer: &'a str,
    message: &'a str,
}

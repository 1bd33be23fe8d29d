//! Every page with a text wherever there is text, for the test that looks at them all.

use askama::Template;

use crate::authz::facts::AuthType;
use crate::authz::facts::ShareAccess;
use crate::domain::agents::losses::integration::AccessLosses;
use crate::domain::agents::losses::integration::LosingAgent;
use crate::domain::agents::losses::integration::ReservedConnections;
use crate::domain::agents::losses::integration::ScopeLoss;
use crate::domain::agents::losses::integration::WaitingConnection;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::access::Scope as Lost;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::document::Problem;
use crate::http::credential;
use crate::http::credential::CredentialField;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::web::integrations::pages::access::AccessPage;
use crate::web::integrations::pages::access::ActionRow;
use crate::web::integrations::pages::access::Person;
use crate::web::integrations::pages::access::ReviewPage;
use crate::web::integrations::pages::access::Subject;
use crate::web::integrations::pages::access::WayRow;
use crate::web::integrations::pages::import::ImportPage;
use crate::web::integrations::pages::index::Card;
use crate::web::integrations::pages::index::Group;
use crate::web::integrations::pages::index::IndexPage;
use crate::web::integrations::pages::index::Sought;
use crate::web::integrations::pages::index::Waiting;
use crate::web::integrations::pages::show::About;
use crate::web::integrations::pages::show::Action;
use crate::web::integrations::pages::show::Client;
use crate::web::integrations::pages::show::Connections;
use crate::web::integrations::pages::show::IntegrationPage;
use crate::web::integrations::pages::show::Scope;
use crate::web::integrations::pages::show::Way;

/// Every page with `text` wherever there is text, rendered.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let mut pages = vec![index(text).render(), IndexPage::default().render()];
    pages.extend([show(text).render(), IntegrationPage::default().render()]);
    pages.push(IntegrationPage { closed: Some(text.to_owned()), ..show(text) }.render());
    pages.extend([access(text).render(), AccessPage::default().render()]);
    pages.extend([review(text).render(), ReviewPage::default().render()]);
    pages.extend([import(text).render(), ImportPage::default().render()]);
    pages
}

fn index(text: &str) -> IndexPage {
    let some = || text.to_owned();
    let card = Card {
        key: "sample".to_owned(),
        name: some(),
        category: some(),
        icon: some(),
        text: some(),
        is_custom: true,
        is_closed: true,
        actions: 2,
        connections: 1,
        badge: Some(("active", "Connected")),
        words: some(),
    };
    let other = Card { connections: 0, badge: None, is_custom: false, ..card.clone() };
    IndexPage {
        shell: Shell::sample(text),
        sought: Sought { q: some(), category: some() },
        categories: vec![some(), "Other".to_owned()],
        groups: vec![Group { title: "Connected", cards: vec![card, other] }],
        waiting: vec![Waiting { connection: connection(text, AuthType::Oauth), integration: some() }],
    }
}

fn subject(text: &str) -> Subject {
    let some = || text.to_owned();
    Subject {
        key: "sample".to_owned(),
        name: some(),
        icon: some(),
        action: some(),
        action_name: some(),
        is_enabled: false,
    }
}

fn person(text: &str, is_group: bool) -> Person {
    Person { id: UserId::new().uuid(), is_group, name: text.to_owned(), detail: text.to_owned() }
}

fn access(text: &str) -> AccessPage {
    let some = || text.to_owned();
    let row = |only: Option<String>| ActionRow { key: some(), name: some(), only };
    AccessPage {
        shell: Shell::sample(text),
        subject: subject(text),
        is_everyone: false,
        chosen: vec![person(text, true), person(text, false)],
        query: some(),
        found: vec![person(text, true), person(text, false)],
        mistakes: mistakes("chosen", text),
        actions: vec![row(Some(some())), row(None)],
        ways: AuthType::ALL.iter().map(|auth_type| WayRow { auth_type: *auth_type, is_reserved: true }).collect(),
    }
}

fn review(text: &str) -> ReviewPage {
    let some = || text.to_owned();
    let loss = |scope| ScopeLoss { scope, people: 7, names: vec![some(), some()] };
    let agent = |is_visible| LosingAgent {
        id: AgentId::new(),
        name: some(),
        owner_name: some(),
        is_visible,
        actions: 2,
        people: 3,
        in_all: 70,
    };
    let waiting = |name| WaitingConnection {
        id: ConnectionId::new(),
        name,
        auth_type: AuthType::ApiKey,
        owner_name: some(),
        in_all: 70,
    };
    ReviewPage {
        shell: Shell::sample(text),
        subject: subject(text),
        losses: AccessLosses {
            people: 7,
            agents: vec![agent(true), agent(false)],
            agents_in_all: 70,
            connections: vec![waiting(Some(some())), waiting(None)],
            connections_in_all: 70,
            scopes: vec![loss(Lost::Whole), loss(Lost::of(text)), loss(Lost::of("unknown"))],
            reserved: vec![ReservedConnections { auth_type: AuthType::ServiceAccount, connections: 2 }],
        },
        action_names: vec![(some(), some())],
        fields: vec![("action", some())],
        switches: None,
        opens_to: Some(false),
        chosen: vec![person(text, true), person(text, false)],
        reserves: Some(vec![AuthType::ApiKey]),
    }
}

fn show(text: &str) -> IntegrationPage {
    let some = || text.to_owned();
    let problem = || Problem { pointer: some(), message: some() };
    IntegrationPage {
        shell: Shell::sample(text),
        about: About {
            key: "sample".to_owned(),
            name: some(),
            category: some(),
            icon: some(),
            lead: some(),
            is_custom: true,
            is_enabled: true,
            is_for_everyone: false,
            hosts: vec![some()],
            sign_in_host: Some(some()),
        },
        ways: AuthType::ALL.iter().map(|auth_type| way(text, *auth_type)).collect(),
        origin: Pending::read(PendingFields {
            agent: Some(AgentId::new().to_string()),
            action: Some(AgentActionId::new().to_string()),
            draft: Some("draft".to_owned()),
        }),
        refusal: Some((AuthType::None, some())),
        mistakes: mistakes(&credential::id(AuthType::ApiKey, "key"), text),
        connections: Connections {
            mine: vec![connection(text, AuthType::Oauth)],
            shared: vec![connection(text, AuthType::ApiKey)],
            others: vec![connection(text, AuthType::ApiKey), connection(text, AuthType::Oauth)],
            has_more: true,
        },
        actions: vec![Action { key: some(), name: some(), text: some(), effect: Effect::Write, is_closed: true }],
        closed: None,
        reserved: some(),
        notes: vec![problem()],
        is_fresh: true,
        client: Some(Client {
            id: some(),
            is_set: true,
            has_secret: true,
            redirect_uri: some(),
            refusal: Some(some()),
            mistakes: mistakes("client_id", text),
        }),
    }
}

fn import(text: &str) -> ImportPage {
    let problem = Problem { pointer: text.to_owned(), message: text.to_owned() };
    ImportPage {
        shell: Shell::sample(text),
        key: text.to_owned(),
        document: text.to_owned(),
        mistakes: Mistakes::default(),
        problems: vec![problem],
    }
}

fn way(text: &str, auth_type: AuthType) -> Way {
    let field = CredentialField {
        id: credential::id(auth_type, "key"),
        name: "key".to_owned(),
        label: text.to_owned(),
        help: Some(text.to_owned()),
        is_secret: auth_type == AuthType::ApiKey,
        is_required: true,
        is_multiline: auth_type == AuthType::ServiceAccount,
        value: text.to_owned(),
    };
    Way {
        auth_type: Some(auth_type),
        title: text.to_owned(),
        help: "",
        fields: vec![field],
        name: text.to_owned(),
        is_open: auth_type == AuthType::ApiKey,
        is_reserved: auth_type == AuthType::ServiceAccount,
        is_ready: auth_type != AuthType::Oauth,
        scopes: vec![Scope { name: text.to_owned(), meaning: text.to_owned() }],
    }
}

fn connection(text: &str, auth_type: AuthType) -> Connection {
    Connection {
        id: ConnectionId::new(),
        owner: UserId::new(),
        owner_name: text.to_owned(),
        integration: "sample".to_owned(),
        auth_type,
        name: text.to_owned(),
        status: ConnectionStatus::NeedsReconnect,
        status_reason: Some(text.to_owned()),
        account: Some(text.to_owned()),
        scopes: vec![text.to_owned()],
        tenant: None,
        created_at: Shell::sample(text).now,
        last_used_at: None,
        is_owner: false,
        shared: Some(ShareAccess::Attach),
        shared_until: Some(Shell::sample(text).now),
    }
}

fn mistakes(field: &str, text: &str) -> Mistakes {
    let mut mistakes = Mistakes::default();
    mistakes.add(field, text);
    mistakes
}

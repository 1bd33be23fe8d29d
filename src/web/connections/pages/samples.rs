//! Every page with a text wherever there is text, for the test that looks at them all.

use askama::Template;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::Role;
use crate::authz::facts::ShareAccess;
use crate::domain::agents::Agent;
use crate::domain::agents::losses::share::Loss;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::connections::shares::ConnectionShare;
use crate::domain::connections::shares::Person;
use crate::domain::connections::shares::Way;
use crate::domain::connections::visible::Which;
use crate::domain::integrations::definition::Effect;
use crate::domain::oauth::trial::Outcome;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Membership;
use crate::domain::runs::Run;
use crate::domain::runs::RunStatus;
use crate::domain::runs::explanation::Explanation;
use crate::domain::runs::explanation::Rule;
use crate::domain::runs::explanation::Standing;
use crate::domain::runs::explanation::ThroughAgent;
use crate::domain::runs::usage::Usage;
use crate::http::credential::CredentialField;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::http::pending::Pending;
use crate::http::pending::PendingFields;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Cursor;
use crate::kernel::paging::Listed;
use crate::web::connections::pages::Face;
use crate::web::connections::pages::access::AccessPage;
use crate::web::connections::pages::deletion::DeletionPage;
use crate::web::connections::pages::forms::NamePage;
use crate::web::connections::pages::forms::SecretPage;
use crate::web::connections::pages::index::IndexPage;
use crate::web::connections::pages::index::Row;
use crate::web::connections::pages::index::Sought;
use crate::web::connections::pages::shares::Dialog;
use crate::web::connections::pages::shares::Offer;
use crate::web::connections::pages::shares::Row as RowOfShare;
use crate::web::connections::pages::shares::SharesPage;
use crate::web::connections::pages::shares::Typed;
use crate::web::connections::pages::show::ConnectionPage;
use crate::web::connections::pages::show::Dependents;
use crate::web::connections::pages::show::Rights;

/// Every page with `text` wherever there is text, rendered.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let mut pages = vec![index(text).render(), IndexPage::default().render()];
    let narrowed = Sought { integration: Some("none".to_owned()), view: Which::Shared, ..Sought::default() };
    pages.push(IndexPage { sought: narrowed, ..IndexPage::default() }.render());
    for auth_type in AuthType::ALL {
        for status in ConnectionStatus::ALL {
            pages.push(show(text, *auth_type, *status, true).render());
        }
        pages.push(show(text, *auth_type, ConnectionStatus::Active, false).render());
        pages.push(deletion(text, *auth_type).render());
        pages.push(shares(text, *auth_type).render());
        pages.push(access(text, *auth_type).render());
    }
    pages.extend([name(text).render(), secret(text).render()]);
    pages
}

fn index(text: &str) -> IndexPage {
    let row =
        |auth_type| Row { connection: connection(text, auth_type, ConnectionStatus::Active, false), face: face(text) };
    IndexPage {
        shell: Shell::sample(text),
        sought: Sought { view: Which::All, integration: Some(text.to_owned()), ..Sought::default() },
        mine: 1,
        shared: 2,
        integrations: vec![(text.to_owned(), text.to_owned())],
        rows: AuthType::ALL.iter().map(|auth_type| row(*auth_type)).collect(),
        waiting: vec![row(AuthType::Oauth)],
        next: Some("cursor".to_owned()),
    }
}

fn show(text: &str, auth_type: AuthType, status: ConnectionStatus, is_owner: bool) -> ConnectionPage {
    let shell = Shell::sample(text);
    ConnectionPage {
        face: face(text),
        has_integration: true,
        hosts: vec![text.to_owned()],
        scopes: vec![(text.to_owned(), text.to_owned()), ("read".to_owned(), String::new())],
        rights: Rights { maintain: is_owner, stop: is_owner, explain: is_owner, share: is_owner },
        dependents: is_owner.then(|| dependents(text)),
        runs: vec![(run(text), text.to_owned())],
        pending: pending(),
        tested: Some(Outcome { is_ok: is_owner, detail: text.to_owned(), at: shell.now }),
        connection: connection(text, auth_type, status, is_owner),
        shell,
    }
}

fn deletion(text: &str, auth_type: AuthType) -> DeletionPage {
    DeletionPage {
        shell: Shell::sample(text),
        connection: connection(text, auth_type, ConnectionStatus::Active, true),
        face: face(text),
        dependents: if auth_type == AuthType::None { Dependents::default() } else { dependents(text) },
    }
}

fn shares(text: &str, auth_type: AuthType) -> SharesPage {
    SharesPage {
        shell: Shell::sample(text),
        connection: connection(text, auth_type, ConnectionStatus::Active, auth_type != AuthType::ServiceAccount),
        face: face(text),
        may_attach: auth_type == AuthType::Oauth,
        agents: dependents(text).agents,
        dialog: (auth_type != AuthType::Oauth).then(|| dialog(text)),
    }
}

fn dialog(text: &str) -> Dialog {
    let now = Shell::sample(text).now;
    let offers =
        [Grantee::User(UserId::new()), Grantee::Group(GroupId::new()), Grantee::Workspace].map(|grantee| Offer {
            grantee,
            name: if grantee == Grantee::Workspace { String::new() } else { text.to_owned() },
            detail: text.to_owned(),
            held: (grantee == Grantee::Workspace).then_some(ShareAccess::Use),
            is_owner: false,
        });
    let share = |grantee: Grantee| ConnectionShare {
        id: ShareId::new(),
        grantee,
        grantee_name: (grantee != Grantee::Workspace).then(|| text.to_owned()),
        access: ShareAccess::Attach,
        expires_at: Some(now),
        has_ended: grantee == Grantee::Workspace,
        created_by: UserId::new(),
        created_by_name: Some(text.to_owned()),
        created_at: now,
    };
    let loss = Loss {
        people: 4,
        names: vec![text.to_owned(), text.to_owned()],
        weaker: 1,
        is_more: false,
        agents: vec![(AgentId::new(), text.to_owned())],
        hidden_agents: 1,
    };
    let way = |share: ConnectionShare| Way {
        share: share.id,
        grantee: share.grantee,
        group_name: share.grantee_name,
        access: share.access,
        expires_at: share.expires_at,
    };
    let grantees = offers.clone().map(|offer| offer.grantee);
    let ways = grantees.map(share).map(way).to_vec();
    let person = Person { user: UserId::new(), name: text.to_owned(), email: text.to_owned(), ways };
    let mut mistakes = Mistakes::default();
    mistakes.add("grantee", text);
    mistakes.add("ends", text);
    Dialog {
        query: text.to_owned(),
        offers: offers.to_vec(),
        typed: Typed { grantee: text.to_owned(), access: None, ends: text.to_owned(), mistakes },
        shares: grantees.map(|grantee| RowOfShare { share: share(grantee), loss: loss.clone() }).to_vec(),
        is_first: false,
        next: Some("cursor".to_owned()),
        who: text.to_owned(),
        people: vec![person],
        is_first_of_people: false,
        next_people: Some("cursor".to_owned()),
        removed: Some(share(Grantee::Workspace)),
    }
}

fn access(text: &str, auth_type: AuthType) -> AccessPage {
    let shell = Shell::sample(text);
    let rules = |number| vec![Rule { code: "sample", detail: text.to_owned() }; number];
    let person = Membership {
        user: UserId::new(),
        name: text.to_owned(),
        email: text.to_owned(),
        role: Role::Member,
        status: MemberStatus::Deactivated,
        is_pending: false,
        is_link_safe: false,
        created_at: shell.now,
        last_seen_at: None,
        deactivated_at: Some(shell.now),
        connections: 0,
    };
    let people = dialog(text).people;
    let through = |agent, stopped_by| ThroughAgent { agent, action: text.to_owned(), stopped_by };
    let items = vec![through(Some((AgentId::new(), text.to_owned())), rules(2)), through(None, rules(0))];
    let is_shared = auth_type == AuthType::ApiKey;
    let answer = Explanation {
        person: person.clone(),
        is_owner: auth_type == AuthType::None,
        stopped_by: rules(if is_shared { 0 } else { 2 }),
        attaching_stopped_by: rules(1),
        attaches_as: is_shared.then_some(Standing::Share),
        ways: people.into_iter().flat_map(|person| person.ways).filter(|_| is_shared).collect(),
        ended_at: Some(shell.now),
        agents: Listed { items, next: Some(Cursor { at: shell.now, id: UserId::new().uuid() }) },
    };
    AccessPage {
        connection: connection(text, auth_type, ConnectionStatus::Active, true),
        face: face(text),
        query: text.to_owned(),
        found: Some(if is_shared { Vec::new() } else { vec![person] }),
        is_unknown: is_shared,
        answer: Some(answer),
        is_first: false,
        shell,
    }
}

fn name(text: &str) -> NamePage {
    let mut mistakes = Mistakes::default();
    mistakes.add("name", text);
    let (shell, id) = (Shell::sample(text), ConnectionId::new());
    NamePage { shell, id, before: text.to_owned(), name: text.to_owned(), mistakes }
}

fn secret(text: &str) -> SecretPage {
    let mut mistakes = Mistakes::default();
    mistakes.add("api_key-key", text);
    let field = CredentialField {
        id: "api_key-key".to_owned(),
        name: "key".to_owned(),
        label: text.to_owned(),
        help: Some(text.to_owned()),
        is_secret: true,
        is_required: true,
        ..CredentialField::default()
    };
    SecretPage {
        shell: Shell::sample(text),
        connection: connection(text, AuthType::ApiKey, ConnectionStatus::Active, true),
        face: face(text),
        pending: pending(),
        fields: vec![field],
        mistakes,
        refusal: None,
    }
}

fn pending() -> Option<Pending> {
    let (agent, action) = (Some(AgentId::new().to_string()), Some(AgentActionId::new().to_string()));
    Pending::read(PendingFields { agent, action, draft: Some("draft".to_owned()) })
}

fn face(text: &str) -> Face {
    Face { key: "sample".to_owned(), name: text.to_owned(), icon: text.to_owned() }
}

fn dependents(text: &str) -> Dependents {
    let usage = Usage { shares: 1, agents: 2, actions: 3, people: 4, recent_runs: 5 };
    let now = Shell::sample(text).now;
    let agent = Agent {
        id: AgentId::new(),
        owner: UserId::new(),
        owner_name: text.to_owned(),
        name: text.to_owned(),
        description: text.to_owned(),
        instructions: text.to_owned(),
        is_enabled: true,
        created_at: now,
        updated_at: now,
        is_owner: false,
        shared: Some(AgentAccess::Use),
        actions: 1,
    };
    Dependents { usage, agents: vec![agent], runs: Vec::new() }
}

fn run(text: &str) -> Run {
    Run {
        id: RunId::new(),
        caller: UserId::new(),
        caller_name: text.to_owned(),
        agent: AgentId::new(),
        agent_name: Some(text.to_owned()),
        agent_action: AgentActionId::new(),
        integration: "sample".to_owned(),
        action: text.to_owned(),
        effect: Effect::Read,
        credentials: CredentialMode::Own,
        status: RunStatus::Succeeded,
        detail: None,
        connection: None,
        content: None,
        started_at: Shell::sample(text).now,
        finished_at: None,
        duration_ms: None,
        is_caller: false,
        owns_connection: true,
    }
}

fn connection(text: &str, auth_type: AuthType, status: ConnectionStatus, is_owner: bool) -> Connection {
    Connection {
        id: ConnectionId::new(),
        owner: UserId::new(),
        owner_name: text.to_owned(),
        integration: "sample".to_owned(),
        auth_type,
        name: text.to_owned(),
        status,
        status_reason: Some(text.to_owned()),
        account: Some(text.to_owned()),
        scopes: vec![text.to_owned()],
        tenant: None,
        created_at: Shell::sample(text).now,
        last_used_at: None,
        is_owner,
        shared: Some(ShareAccess::Attach),
        shared_until: Some(Shell::sample(text).now),
    }
}

//! Every page of people with a text wherever there is text, for the test that looks at them all.

use askama::Template;

use crate::authz::facts::AuthType;
use crate::authz::facts::Role;
use crate::domain::agents::losses::listed::FirstOf;
use crate::domain::agents::losses::member::Dependents;
use crate::domain::agents::losses::member::StoppingAgent;
use crate::domain::agents::losses::orphans::LeftConnection;
use crate::domain::agents::losses::orphans::NeedyAction;
use crate::domain::people::invitations::Way;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::memberships::Filter;
use crate::domain::people::memberships::Membership;
use crate::http::form::Mistakes;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::web::people::pages::AdoptionsPage;
use crate::web::people::pages::DeactivationPage;
use crate::web::people::pages::Handover;
use crate::web::people::pages::IndexPage;
use crate::web::people::pages::Invite;
use crate::web::people::pages::LeftRow;
use crate::web::people::pages::NeedyRow;
use crate::web::people::pages::PersonPage;

/// Every page with `text` wherever there is text, rendered.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let shell = || Shell::sample(text);
    let some = || text.to_owned();
    let pending = Membership { is_pending: true, last_seen_at: None, ..person(text) };
    let asked = Membership { status: MemberStatus::Invited, is_link_safe: false, ..pending.clone() };
    let gone = Membership { status: MemberStatus::Deactivated, deactivated_at: Some(shell().now), ..person(text) };
    let handover = || Handover { email: some(), link: some() };
    let of = |person: &Membership| PersonPage {
        shell: shell(),
        person: Some(person.clone()),
        refusal: Some(some()),
        link: Some(handover()),
        is_self: false,
    };
    let plain = PersonPage { person: Some(person(text)), is_self: true, ..PersonPage::default() };
    let leaving = DeactivationPage {
        shell: shell(),
        person: Some(person(text)),
        dependents: dependents(text),
        refusal: Some(some()),
    };
    vec![
        list(text, vec![person(text), pending.clone(), gone.clone()]).render(),
        IndexPage::default().render(),
        of(&person(text)).render(),
        of(&pending).render(),
        of(&asked).render(),
        of(&gone).render(),
        plain.render(),
        leaving.render(),
        DeactivationPage { person: Some(pending), ..DeactivationPage::default() }.render(),
        adoptions(text).render(),
        AdoptionsPage::default().render(),
    ]
}

fn list(text: &str, people: Vec<Membership>) -> IndexPage {
    let some = || text.to_owned();
    let mut mistakes = Mistakes::default();
    mistakes.add("emails", text);
    IndexPage {
        shell: Shell::sample(text),
        people,
        filter: Filter { query: some(), role: Some(Role::Editor), status: Some(MemberStatus::Active) },
        is_first: false,
        next: Some("?after=x".to_owned()),
        left_behind: 2,
        invite: Invite {
            emails: some(),
            role: Role::Editor,
            way: Way::Link,
            mistakes,
            mailed: 2,
            links: vec![Handover { email: some(), link: some() }],
            refused: vec![(some(), some())],
        },
    }
}

fn person(text: &str) -> Membership {
    let now = Timestamp::default();
    Membership {
        user: UserId::new(),
        name: text.to_owned(),
        email: text.to_owned(),
        role: Role::Member,
        status: MemberStatus::Active,
        is_pending: false,
        is_link_safe: true,
        created_at: now,
        last_seen_at: Some(now),
        deactivated_at: None,
        connections: 2,
    }
}

fn dependents(text: &str) -> Dependents {
    let agent = |is_visible| StoppingAgent {
        id: AgentId::new(),
        name: text.to_owned(),
        owner_name: text.to_owned(),
        is_visible,
        actions: 2,
        people: 3,
    };
    Dependents {
        sign_ins: 1,
        keys: 2,
        sharers: 3,
        grants: 2,
        agents: FirstOf { items: vec![agent(true), agent(false)], total: 300 },
    }
}

fn adoptions(text: &str) -> AdoptionsPage {
    let some = || text.to_owned();
    let left = || LeftConnection {
        id: ConnectionId::new(),
        name: some(),
        integration: some(),
        auth_type: AuthType::ApiKey,
        owner_name: some(),
        left_at: Timestamp::default(),
        actions: 2,
    };
    let row = |left| LeftRow { left, integration: some(), icon: some(), email: some(), mistakes: Mistakes::default() };
    let mut wrong = row(left());
    wrong.mistakes.add(wrong.field(), text);
    let face = || ActionFace { name: some(), key: "sample".to_owned(), integration: some(), icon: some() };
    let needy = |is_visible, suppliers: usize| NeedyRow {
        needy: NeedyAction {
            id: AgentActionId::new(),
            action: some(),
            integration: some(),
            agent: AgentId::new(),
            agent_name: some(),
            is_visible,
            owner_name: some(),
            suppliers: vec![some(); suppliers],
        },
        face: face(),
    };
    AdoptionsPage {
        shell: Shell::sample(text),
        connections: FirstOf { items: vec![row(left()), wrong], total: 201 },
        actions: FirstOf { items: vec![needy(true, 0), needy(false, 1), needy(true, 2), needy(true, 3)], total: 4 },
    }
}

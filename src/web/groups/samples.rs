//! Every page of groups with a text wherever there is text, for the test that looks at them all.

use askama::Template;

use crate::authz::facts::Role;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::roster::Seat;
use crate::domain::people::members::Member;
use crate::domain::people::members::MemberStatus;
use crate::http::form::Mistakes;
use crate::http::page::Shell;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;
use crate::web::groups::pages::DeletionPage;
use crate::web::groups::pages::Given;
use crate::web::groups::pages::IndexPage;
use crate::web::groups::pages::Kind;
use crate::web::groups::pages::Offer;
use crate::web::groups::pages::ShowPage;
use crate::web::groups::pages::Thing;

/// Every page with `text` wherever there is text, rendered.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let shell = || Shell::sample(text);
    let group = Group { id: GroupId::new(), name: text.to_owned(), created_at: shell().now, members: 2 };
    let mut mistakes = Mistakes::default();
    mistakes.add("name", text);
    let list = IndexPage {
        shell: shell(),
        groups: vec![group.clone()],
        query: text.to_owned(),
        next: Some("?after=x".to_owned()),
        name: text.to_owned(),
        mistakes,
        is_first: false,
    };
    let plain = ShowPage { group: Some(group.clone()), is_first: true, ..ShowPage::default() };
    vec![
        list.render(),
        IndexPage::default().render(),
        IndexPage { query: text.to_owned(), ..IndexPage::default() }.render(),
        show(text, &group).render(),
        plain.render(),
        DeletionPage { shell: shell(), group: Some(group.clone()), given: given(text) }.render(),
        DeletionPage { group: Some(group), ..DeletionPage::default() }.render(),
    ]
}

fn show(text: &str, group: &Group) -> ShowPage {
    let some = || text.to_owned();
    let shell = Shell::sample(text);
    let mut name_mistakes = Mistakes::default();
    name_mistakes.add("name", text);
    let mut paste_mistakes = Mistakes::default();
    paste_mistakes.add("addresses", text);
    let seat = |status| Seat {
        user: UserId::new(),
        name: some(),
        email: some(),
        role: Role::Member,
        status,
        added_at: shell.now,
    };
    let (user, role, status) = (UserId::new(), Role::Editor, MemberStatus::Active);
    let member = Member { user, name: some(), email: some(), role, status };
    let offers = [false, true].map(|is_seated| Offer { member: member.clone(), is_seated });
    ShowPage {
        group: Some(group.clone()),
        name: some(),
        name_mistakes,
        seats: vec![seat(MemberStatus::Active), seat(MemberStatus::Deactivated)],
        is_first: false,
        next: Some("?after=x".to_owned()),
        query: some(),
        found: Some(offers.into()),
        addresses: some(),
        unknown: vec![some()],
        done: Some(some()),
        paste_mistakes,
        given: Some(given(text)),
        shell,
    }
}

fn given(text: &str) -> Given {
    let some = || text.to_owned();
    let thing = |kind| Thing { kind, name: some(), detail: some(), losing: 2 };
    let things = vec![
        thing(Kind::Connection(ConnectionId::new(), (some(), some(), some()))),
        thing(Kind::Agent(Some(AgentId::new()))),
        thing(Kind::Agent(None)),
        thing(Kind::Integration(some(), "sample".to_owned())),
    ];
    Given { things, total: 203, cut: vec![(200, 203, "connections")], stopping_actions: 2 }
}

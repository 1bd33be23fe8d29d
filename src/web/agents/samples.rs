//! Every page of agents with a text wherever there is text, for the test that looks at them all.

use askama::Template;
use serde_json::json;

use crate::authz::facts::AgentAccess;
use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::Role;
use crate::domain::agents::Agent;
use crate::domain::agents::shares::AgentShare;
use crate::domain::connections::Connection;
use crate::domain::connections::ConnectionStatus;
use crate::domain::integrations::definition::Effect;
use crate::domain::integrations::form::FieldKind;
use crate::domain::integrations::form::FormField;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::groups::Group;
use crate::domain::people::members::Member;
use crate::domain::people::members::MemberStatus;
use crate::domain::runs::Preview;
use crate::domain::runs::Run;
use crate::domain::runs::RunStatus;
use crate::domain::runs::run::RunContent;
use crate::domain::runs::run::RunResponse;
use crate::http::form::Mistakes;
use crate::http::look::ActionFace;
use crate::http::page::Shell;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AgentShareId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::DraftId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::RunId;
use crate::kernel::ids::UserId;
use crate::web::agents::action_pages::ActionPage;
use crate::web::agents::action_pages::ChoosePage;
use crate::web::agents::action_pages::ConfirmPage;
use crate::web::agents::action_pages::ConnectPage;
use crate::web::agents::action_pages::Frame;
use crate::web::agents::action_pages::GoingOnPage;
use crate::web::agents::action_pages::Notice;
use crate::web::agents::action_pages::Shown;
use crate::web::agents::build::Attachable;
use crate::web::agents::build::Choice;
use crate::web::agents::build::Offer;
use crate::web::agents::build::Picked;
use crate::web::agents::build::Picker;
use crate::web::agents::fields::Field;
use crate::web::agents::fields::Fieldset;
use crate::web::agents::pages::ActionEditPage;
use crate::web::agents::pages::AgentsPage;
use crate::web::agents::pages::BuildPage;
use crate::web::agents::pages::DeletionPage;
use crate::web::agents::pages::Head;
use crate::web::agents::pages::NewAgentPage;
use crate::web::agents::pages::People;
use crate::web::agents::pages::Settings;
use crate::web::agents::pages::UsePage;
use crate::web::agents::rows::BuildRow;
use crate::web::agents::rows::Standing;
use crate::web::agents::rows::UseRow;

/// Every page with `text` wherever there is text, rendered.
pub fn samples(text: &str) -> Vec<askama::Result<String>> {
    let mut pages = about_agents(text);
    pages.extend(about_actions(text));
    pages
}

fn about_agents(text: &str) -> Vec<askama::Result<String>> {
    let shell = || Shell::sample(text);
    let (agent, foreign) = (agent(text), Agent { is_owner: false, is_enabled: false, shared: None, ..agent(text) });
    let row = UseRow {
        id: AgentActionId::new(),
        face: face(text),
        effect: Some(Effect::Write),
        as_whom: text.to_owned(),
        need: Some(("needs_connection", text.to_owned())),
        is_open: true,
    };
    let used = |agent: &Agent, actions, recent| UsePage { shell: shell(), head: Head::of(agent), actions, recent };
    let mut mistakes = Mistakes::default();
    mistakes.add("name", text);
    let typed = Settings::from(&agent);
    let deletion = |kind| DeletionPage {
        shell: shell(),
        name: text.to_owned(),
        kind,
        button: "Delete",
        back: (text.to_owned(), "/w/acme/agents".to_owned()),
        target: shell().urls.agent_part(&agent.id, "deletion"),
        consequences: vec![text.to_owned()],
        stays: text.to_owned(),
    };
    vec![
        AgentsPage { shell: shell(), agents: vec![agent.clone(), foreign.clone()], next: Some("?after=x".to_owned()) }
            .render(),
        AgentsPage::default().render(),
        NewAgentPage { shell: shell(), typed, mistakes: mistakes.clone() }.render(),
        NewAgentPage::default().render(),
        used(&agent, vec![row], vec![(run(text), face(text))]).render(),
        used(&foreign, Vec::new(), Vec::new()).render(),
        BuildPage { settings_mistakes: mistakes, ..build(text) }.render(),
        BuildPage { picker: picker(text), ..build(text) }.render(),
        deletion("agent").render(),
        deletion("action").render(),
    ]
}

fn agent(text: &str) -> Agent {
    let now = Timestamp::default();
    Agent {
        id: AgentId::new(),
        owner: UserId::new(),
        owner_name: text.to_owned(),
        name: text.to_owned(),
        description: text.to_owned(),
        instructions: text.to_owned(),
        is_enabled: true,
        created_at: now,
        updated_at: now,
        is_owner: true,
        shared: Some(AgentAccess::Edit),
        actions: 2,
    }
}

fn face(text: &str) -> ActionFace {
    let some = || text.to_owned();
    ActionFace { name: some(), key: "sample".to_owned(), integration: some(), icon: some() }
}

fn build(text: &str) -> BuildPage {
    let some = || text.to_owned();
    let agent = agent(text);
    let share = |grantee, grantee_name| AgentShare {
        id: AgentShareId::new(),
        grantee,
        grantee_name,
        access: AgentAccess::Use,
        created_by_name: None,
        created_at: agent.created_at,
    };
    let member = |status| Member { user: UserId::new(), name: some(), email: some(), role: Role::Member, status };
    BuildPage {
        shell: Shell::sample(text),
        head: Head::of(&agent),
        settings: Settings::from(&agent),
        settings_mistakes: Mistakes::default(),
        actions: vec![build_row(text)],
        picker: Picker::default(),
        shares: vec![
            share(Grantee::Group(GroupId::new()), Some(some())),
            share(Grantee::User(UserId::new()), Some(some())),
        ],
        people: People {
            query: some(),
            found: Some(vec![member(MemberStatus::Active), member(MemberStatus::Active)]),
            groups: vec![group(text)],
            mistake: Some(some()),
        },
    }
}

fn build_row(text: &str) -> BuildRow {
    let standing = Standing { class: "broken", words: "Broken", detail: text.to_owned(), is_broken: true };
    BuildRow { id: AgentActionId::new(), face: face(text), effect: Some(Effect::Read), asks_first: true, standing }
}

fn picker(text: &str) -> Picker {
    let some = || text.to_owned();
    let mut mistakes = Mistakes::default();
    mistakes.add("connection_id", text);
    mistakes.add("credentials", text);
    Picker {
        integrations: vec![(some(), some())],
        integration: some(),
        actions: vec![
            Offer { key: some(), name: some(), is_there: false, is_closed: true },
            Offer { key: "other".to_owned(), name: some(), is_there: true, is_closed: false },
        ],
        picked: Some(Picked { key: some(), name: some(), description: some(), effect: Effect::Write }),
        choice: choice(text),
        connection: ConnectionId::new().to_string(),
        mistakes,
    }
}

fn choice(text: &str) -> Choice {
    let some = || text.to_owned();
    Choice {
        integration: some(),
        integration_url: "/w/acme/integrations/sample".to_owned(),
        may_preselect: true,
        kept: Some(some()),
        attachable: vec![Attachable {
            id: ConnectionId::new(),
            name: some(),
            acts_as: some(),
            detail: some(),
            trouble: Some("Disabled"),
        }],
        credentials: "preselected".to_owned(),
        connection: some(),
        asks_first: true,
    }
}

fn about_actions(text: &str) -> Vec<askama::Result<String>> {
    let shell = || Shell::sample(text);
    let (fieldset, draft) = (fieldset(text), DraftId::new());
    let notice = Notice {
        tone: "warning",
        title: text.to_owned(),
        text: text.to_owned(),
        link: Some(("Open", "/w/acme/connections".to_owned())),
    };
    let page = |fieldset, notice, result| ActionPage {
        shell: shell(),
        frame: frame(text),
        fieldset,
        key: text.to_owned(),
        notice,
        result,
    };
    let edit = |choice, mistakes| ActionEditPage {
        shell: shell(),
        agent: AgentId::new(),
        agent_name: text.to_owned(),
        row: build_row(text),
        description: text.to_owned(),
        choice,
        mistakes,
    };
    let preview = Preview {
        method: text.to_owned(),
        url: text.to_owned(),
        headers: vec![(text.to_owned(), text.to_owned())],
        body: Some(text.to_owned()),
    };
    let confirmation = text.to_owned();
    let connection = Some(ConnectionId::new());
    let choices = vec![connection_of(text)];
    vec![
        page(Some(fieldset.clone()), Some(notice), None).render(),
        page(Some(fieldset.clone()), None, Some(Shown::of(run(text)))).render(),
        page(None, None, None).render(),
        edit(choice(text), Mistakes::default()).render(),
        edit(Choice::default(), Mistakes::default()).render(),
        GoingOnPage { shell: shell(), frame: frame(text), fieldset: fieldset.clone(), draft }.render(),
        ConnectPage { shell: shell(), frame: frame(text), fieldset: fieldset.clone(), draft }.render(),
        ChoosePage { shell: shell(), frame: frame(text), fieldset, choices, draft }.render(),
        ConfirmPage { shell: shell(), frame: frame(text), preview, confirmation, connection, draft }.render(),
    ]
}

fn frame(text: &str) -> Frame {
    Frame {
        agent: AgentId::new(),
        agent_name: text.to_owned(),
        action: AgentActionId::new(),
        face: face(text),
        description: text.to_owned(),
        effect: Some(Effect::Write),
        credentials: CredentialMode::Own,
        asks_first: true,
        as_whom: text.to_owned(),
        need: Some(("info", text.to_owned())),
        needs_connection: false,
        trouble: Some(text.to_owned()),
    }
}

fn fieldset(text: &str) -> Fieldset {
    let kinds = [
        FieldKind::Text,
        FieldKind::Multiline,
        FieldKind::Number,
        FieldKind::Boolean,
        FieldKind::Choice(vec![text.to_owned(), "other".to_owned()]),
        FieldKind::DateTime,
        FieldKind::Date,
        FieldKind::List,
        FieldKind::Json,
    ];
    let fields = kinds.into_iter().enumerate().map(|(place, kind)| Field {
        id: format!("in-{place}"),
        field: FormField {
            name: format!("{text} {place}"),
            label: text.to_owned(),
            help: Some(text.to_owned()),
            kind,
            required: place % 2 == 0,
            default: None,
            example: Some(text.to_owned()),
            location: "body".to_owned(),
        },
        value: text.to_owned(),
        error: (place % 3 == 0).then(|| text.to_owned()),
    });
    Fieldset { fields: fields.collect(), errors: vec![text.to_owned()] }
}

fn group(text: &str) -> Group {
    Group { id: GroupId::new(), name: text.to_owned(), created_at: Timestamp::default(), members: 2 }
}

fn connection_of(text: &str) -> Connection {
    Connection {
        id: ConnectionId::new(),
        owner: UserId::new(),
        owner_name: text.to_owned(),
        integration: text.to_owned(),
        auth_type: AuthType::ApiKey,
        name: text.to_owned(),
        status: ConnectionStatus::NeedsReconnect,
        status_reason: Some(text.to_owned()),
        account: Some(text.to_owned()),
        scopes: vec![text.to_owned()],
        tenant: None,
        created_at: Timestamp::default(),
        last_used_at: None,
        is_owner: false,
        shared: None,
        shared_until: Some(Timestamp::default()),
    }
}

fn run(text: &str) -> Run {
    let body = json!({ text: [{ text: text, "n": 1 }], "list": [text, { text: null }] });
    let response = RunResponse {
        status: 200,
        headers: vec![(text.to_owned(), text.to_owned())],
        body: body.to_string().into_bytes(),
        is_cut: true,
    };
    Run {
        id: RunId::new(),
        caller: UserId::new(),
        caller_name: text.to_owned(),
        agent: AgentId::new(),
        agent_name: Some(text.to_owned()),
        agent_action: AgentActionId::new(),
        integration: text.to_owned(),
        action: text.to_owned(),
        effect: Effect::Read,
        credentials: CredentialMode::Own,
        status: RunStatus::Failed,
        detail: Some(text.to_owned()),
        connection: None,
        content: Some(RunContent {
            input: json!({ text: text }),
            request_line: Some(text.to_owned()),
            response: Some(response),
        }),
        started_at: Timestamp::default(),
        finished_at: None,
        duration_ms: Some(1_234),
        is_caller: true,
        owns_connection: false,
    }
}

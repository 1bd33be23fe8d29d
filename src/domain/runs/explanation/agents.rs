//! By which agents a person acts through a connection, and which rules stop them: each action on which it is preselected is
//! decided as their call of it would be.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actions::Run;
use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::CredentialMode;
use crate::authz::facts::LentFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::agents;
use crate::domain::agents::AgentActionKey;
use crate::domain::connections::Connection;
use crate::domain::integrations::definition::ActionDefinition;
use crate::domain::integrations::definition::Definition;
use crate::domain::runs::explanation::rules;
use crate::domain::runs::explanation::rules::Rule;
use crate::domain::runs::explanation::rules::Words;
use crate::domain::runs::hold;
use crate::domain::runs::hold::Listener;
use crate::domain::runs::lent;
use crate::domain::runs::lent::Lent;
use crate::domain::runs::target::Inquiry;
use crate::domain::runs::target::Target;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::AgentId;
use crate::kernel::paging::Cursor;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// An action on which the connection is preselected.
#[derive(Clone, Debug)]
pub struct ThroughAgent {
    /// The agent's id and name, if whoever asks may see it.
    pub agent: Option<(AgentId, String)>,
    /// What the action is called.
    pub action: String,
    /// Everything that stops a call of it, what it meets first before the rest.
    pub stopped_by: Vec<Rule>,
}

#[derive(QueryableByName)]
struct BoundRow {
    #[diesel(sql_type = Uuid)]
    agent: AgentId,
    #[diesel(sql_type = Text)]
    agent_name: String,
    #[diesel(sql_type = Uuid)]
    id: AgentActionId,
    #[diesel(sql_type = Text)]
    action: String,
}

/// A page of the actions on which the connection is preselected, for a person. Of an agent that whoever asks may not see, only
/// what the person acts through is told, without a name; and nothing of it where the connection is somebody else's sign-in.
pub(in crate::domain::runs::explanation) fn through(
    conn: &mut PgConnection,
    definition: Option<&Definition>,
    asker: &Actor,
    actor: &Actor,
    words: &Words<'_>,
    page: &Page,
) -> QueryResult<Listed<ThroughAgent>> {
    let connection = words.connection;
    let bound = bound(conn, actor, connection, page)?;
    let defined = |row: &BoundRow| definition.and_then(|definition| definition.action(&row.action));
    let inquiry = |row: &BoundRow| Inquiry {
        actor: actor.clone(),
        action: AgentActionKey { agent: row.agent, action: row.id },
        // An action that is not there any more is none that somebody approved.
        with: defined(row).map(ActionDefinition::fingerprint).unwrap_or_default(),
    };
    let inquiries: Vec<Inquiry<[u8; 32]>> = bound.items.iter().map(inquiry).collect();
    let calls = lent::load_all(conn, &inquiries.iter().collect::<Vec<_>>())?;
    let seen: Vec<AgentId> = bound.items.iter().map(|row| row.agent).collect();
    let seen = agents::visible::among(conn, asker, &seen)?;
    let is_masked = connection.auth_type == AuthType::Oauth && !connection.is_owner;
    let mut items = Vec::new();
    for (row, call) in bound.items.into_iter().zip(calls) {
        let Some(call) = call else { continue };
        let is_theirs = <View as Permits<LentFacts>>::permits(actor, &call.facts()).is_ok();
        let is_seen = seen.contains(&row.agent);
        if !is_seen && (is_masked || !is_theirs) {
            continue;
        }
        let defined = defined(&row);
        items.push(ThroughAgent {
            stopped_by: stopped(actor, &call, defined, words),
            action: defined.map_or_else(|| row.action.clone(), |defined| defined.name.clone()),
            agent: is_seen.then_some((row.agent, row.agent_name)),
        });
    }
    Ok(Listed { items, next: bound.next })
}

fn bound(
    conn: &mut PgConnection,
    actor: &Actor,
    connection: &Connection,
    page: &Page,
) -> QueryResult<Listed<BoundRow>> {
    let rows: Vec<BoundRow> = diesel::sql_query(
        "SELECT x.agent_id AS agent, a.name AS agent_name, x.id, x.action FROM bindings b
         JOIN agent_actions x ON x.workspace_id = b.workspace_id AND x.id = b.agent_action_id
             AND x.credentials = 'preselected'
         JOIN agents a ON a.workspace_id = x.workspace_id AND a.id = x.agent_id
         WHERE b.workspace_id = $1 AND b.connection_id = $2 AND ($3 IS NULL OR b.agent_action_id > $3)
         ORDER BY b.agent_action_id LIMIT $4",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection.id)
    .bind::<Nullable<Uuid>, _>(page.after.map(|cursor: Cursor| cursor.id))
    .bind::<BigInt, _>(page.fetch())
    .load(conn)?;
    Ok(Listed::cut(rows, page, |row: &BoundRow| (chrono::DateTime::UNIX_EPOCH, row.id.uuid())))
}

/// Everything that stops the call, in the order in which a run looks at it.
fn stopped(actor: &Actor, call: &Lent, defined: Option<&ActionDefinition>, words: &Words<'_>) -> Vec<Rule> {
    let Some(defined) = defined else { return vec![rules::action_gone()] };
    let mut met: Vec<Rule> = Vec::new();
    if let Err(reason) = <Run as Permits<LentFacts>>::permits(actor, &call.facts()) {
        met.push(words.of(reason));
    }
    if let Some(target) = &call.target {
        met.extend(held(defined, target, words));
    }
    met
}

/// What stops a call by a connection as it is, whoever calls.
fn held(defined: &ActionDefinition, target: &Target, words: &Words<'_>) -> Vec<Rule> {
    let auth_type = target.secret.auth_type;
    let listener = Listener {
        credentials: CredentialMode::Preselected,
        is_owner: false,
        integration: &words.connection.integration,
        connection: &target.name,
        owner: &target.owner_name,
    };
    let kind = (!hold::is_admitted(defined, auth_type)).then(rules::other_kind);
    let scopes = hold::by_scopes(defined, auth_type, &target.scopes, &listener).map(|_| words.scopes_missing());
    kind.into_iter().chain(words.status(target.secret.status)).chain(scopes).collect()
}

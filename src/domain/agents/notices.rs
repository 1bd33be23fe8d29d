//! Whom to write to when an agent changes: the owner of a connection that somebody else put on it, and the people who use
//! it and now lack a connection. Neither is told what they know: what one did oneself, or an agent that one never ran.

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actor::Actor;
use crate::domain::agents::agent_action::AgentActionKey;
use crate::domain::connections::connection::Connection;
use crate::domain::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::NewMail;
use crate::kernel::ids::AgentActionId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// Whoever has not run an agent for this long does not use it.
const IN_USE_DAYS: i64 = 90;

/// Tells the owner that their connection was attached, at most once a day for each action.
pub(in crate::domain::agents) fn tell_owner(
    conn: &mut PgConnection,
    actor: &Actor,
    action: AgentActionId,
    connection: &Connection,
) -> QueryResult<()> {
    if connection.owner == actor.user {
        return Ok(());
    }
    let kind = Kind::ConnectionAttached;
    let mail = NewMail {
        workspace: Some(actor.workspace),
        user: connection.owner,
        kind,
        dedupe_key: format!("{kind}:{action}:{}:{}", connection.id, actor.at.date_naive()),
        payload: json!({ "connection": connection.id, "action": action }),
    };
    outbox::enqueue(conn, mail, actor.at).map(drop)
}

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
}

/// Tells those who use the agent that it needs a connection of theirs: whoever ran it lately and has none to this
/// integration, once for each agent and integration. Whether they still may, and still lack one, is looked at again when
/// the letter is written.
pub(in crate::domain::agents) fn tell_callers(
    conn: &mut PgConnection,
    actor: &Actor,
    key: AgentActionKey,
    integration: &str,
) -> QueryResult<()> {
    let callers: Vec<Person> = diesel::sql_query(
        "SELECT DISTINCT r.user_id FROM runs r
         JOIN memberships m ON m.workspace_id = r.workspace_id AND m.user_id = r.user_id AND m.status = 'active'
         WHERE r.workspace_id = $1 AND r.agent_id = $2 AND r.user_id <> $3 AND r.started_at > $4
           AND NOT EXISTS (SELECT 1 FROM connections c
                           WHERE c.workspace_id = $1 AND c.owner_id = r.user_id AND c.integration = $5)",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(key.agent)
    .bind::<Uuid, _>(actor.user)
    .bind::<Timestamptz, _>(actor.at - chrono::Duration::days(IN_USE_DAYS))
    .bind::<Text, _>(integration)
    .load(conn)?;
    let kind = Kind::AgentNeedsConnection;
    for Person { user_id } in callers {
        let mail = NewMail {
            workspace: Some(actor.workspace),
            user: user_id,
            kind,
            dedupe_key: format!("{kind}:{}:{integration}:{user_id}", key.agent),
            payload: json!({ "agent": key.agent, "action": key.action }),
        };
        outbox::enqueue(conn, mail, actor.at)?;
    }
    Ok(())
}

/// A connection on an agent's action, as it is now.
#[derive(Clone, Debug, QueryableByName)]
pub struct Attachment {
    /// The agent's name.
    #[diesel(sql_type = Text)]
    pub agent: String,
    /// The action's key within its integration.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// Who attached the connection.
    #[diesel(sql_type = Uuid)]
    pub attached_by: UserId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub attacher: String,
}

/// How this connection is attached to this action, if it still is.
pub fn find_attachment(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    action: AgentActionId,
    connection: ConnectionId,
) -> QueryResult<Option<Attachment>> {
    diesel::sql_query(
        "SELECT a.name AS agent, aa.action, b.attached_by, u.name AS attacher
         FROM bindings b
         JOIN agent_actions aa ON aa.workspace_id = b.workspace_id AND aa.id = b.agent_action_id
         JOIN agents a ON a.workspace_id = aa.workspace_id AND a.id = aa.agent_id
         JOIN users u ON u.id = b.attached_by
         WHERE b.workspace_id = $1 AND b.agent_action_id = $2 AND b.connection_id = $3",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(action)
    .bind::<Uuid, _>(connection)
    .get_result(conn)
    .optional()
}

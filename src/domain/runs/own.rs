//! A call with a connection of the caller's own choice (R8).

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::IntegrationFacts;
use crate::authz::facts::OwnFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::db::prepared::prepared;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::access::connection_share;
use crate::domain::runs::target::CallRow;
use crate::domain::runs::target::Target;
use crate::domain::runs::target::TargetRow;
use crate::domain::runs::target::call_columns;
use crate::domain::runs::target::call_joins;
use crate::domain::runs::target::target_columns;
use crate::domain::runs::target::target_joins;
use crate::kernel::ids::ConnectionId;

/// Which call: an action on an agent, with one of the caller's connections.
#[derive(Clone, Copy, Debug)]
pub struct OwnKey {
    /// The action.
    pub action: AgentActionKey,
    /// The connection.
    pub connection: ConnectionId,
}

/// An `own` action with a connection, seen by its caller.
#[derive(Debug)]
pub struct Own {
    facts: OwnFacts,
    /// The caller's name.
    pub caller_name: String,
    /// Whether the caller chose this connection for this agent and integration before.
    pub is_remembered: bool,
    /// The connection.
    pub target: Target,
}

/// An `own` action, and the connections of its caller that come into question.
#[derive(Debug)]
pub struct OwnCall {
    /// The agent.
    pub agent: AgentFacts,
    /// The integration.
    pub integration: IntegrationFacts,
    /// The caller's name.
    pub caller_name: String,
    /// The one chosen before, and the caller's own connections; without any of their own, those shared with them. At most
    /// two of each: which ones there are besides is asked when the caller has to choose.
    pub candidates: Vec<Own>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(embed)]
    call: CallRow,
    #[diesel(embed)]
    target: TargetRow,
    #[diesel(sql_type = Bool)]
    is_connection_owner: bool,
    #[diesel(sql_type = Nullable<Text>)]
    connection_shared: Option<ShareAccess>,
    #[diesel(sql_type = Bool)]
    is_remembered: bool,
}

macro_rules! statement {
    ($connections:literal) => {
        concat!(
            "SELECT ",
            call_columns!(),
            ", ",
            target_columns!("t"),
            ", coalesce(t.owner_id = $2, false) AS is_connection_owner, ",
            connection_share!("$1", "t.id", "$2", "$5"),
            " AS connection_shared, coalesce(t.id = ch.connection_id, false) AS is_remembered",
            call_joins!("$3", "$4", "$6", "own"),
            " LEFT JOIN connection_choices ch ON ch.workspace_id = $1 AND ch.user_id = $2 AND ch.agent_id = a.id
                AND ch.integration = aa.integration ",
            $connections,
            target_joins!("t"),
        )
    };
}

/// The remembered one, the caller's own, and only where there is none of these last, those shared with them. Two of a kind
/// are enough to know that there are several. Branches that are not needed are not run.
const WITH_CANDIDATES: &str = statement!(
    "LEFT JOIN LATERAL (
        SELECT c.* FROM (
            (SELECT ch.connection_id AS id WHERE ch.connection_id IS NOT NULL)
            UNION
            (SELECT o.id FROM connections o WHERE o.workspace_id = $1 AND o.owner_id = $2
                AND o.integration = aa.integration AND o.auth_type = ANY ($7) LIMIT 2)
            UNION
            (SELECT DISTINCT h.id FROM (
                SELECT s.connection_id, s.expires_at FROM connection_shares s
                    WHERE s.workspace_id = $1 AND s.grantee_user = $2
                UNION ALL
                SELECT s.connection_id, s.expires_at FROM group_members g JOIN connection_shares s
                    ON s.workspace_id = g.workspace_id AND s.grantee_group = g.group_id
                    WHERE g.workspace_id = $1 AND g.user_id = $2
                UNION ALL
                SELECT s.connection_id, s.expires_at FROM connection_shares s
                    WHERE s.workspace_id = $1 AND s.grantee_workspace
            ) s JOIN connections h ON h.workspace_id = $1 AND h.id = s.connection_id
                AND h.integration = aa.integration AND h.auth_type = ANY ($7)
            WHERE (s.expires_at IS NULL OR s.expires_at > $5) AND NOT EXISTS (
                SELECT 1 FROM connections o WHERE o.workspace_id = $1 AND o.owner_id = $2
                    AND o.integration = aa.integration AND o.auth_type = ANY ($7))
            LIMIT 2)
        ) i JOIN connections c ON c.workspace_id = $1 AND c.id = i.id AND c.integration = aa.integration
            AND c.auth_type = ANY ($7)) t ON true "
);

const WITH_ONE: &str =
    statement!("JOIN connections t ON t.workspace_id = $1 AND t.id = $7 AND t.integration = aa.integration ");

/// A call through an agent of the caller's own, with this connection: whatever stops it lies in the connection and its
/// integration. So it is read by the columns that calls are read by.
const DIRECT: &str = concat!(
    "SELECT ",
    call_columns!(),
    ", ",
    target_columns!("t"),
    ", t.owner_id = $2 AS is_connection_owner, ",
    connection_share!("$1", "t.id", "$2", "$4"),
    " AS connection_shared, false AS is_remembered
     FROM memberships me JOIN users u ON u.id = me.user_id
     JOIN connections t ON t.workspace_id = me.workspace_id AND t.id = $3
        AND me.workspace_id = $1 AND me.user_id = $2 AND me.status = 'active' AND me.role = $5
     CROSS JOIN LATERAL (SELECT NULL::uuid AS id, me.user_id AS owner_id, true AS enabled) a
     CROSS JOIN LATERAL (SELECT t.integration) aa
     LEFT JOIN integration_settings st ON st.workspace_id = $1 AND st.integration = aa.integration ",
    target_joins!("t"),
);

/// What the caller may do with a connection, asked for by whoever explains it: as a call through an agent of their own.
pub(in crate::domain::runs) fn direct(
    conn: &mut PgConnection,
    actor: &Actor,
    connection: ConnectionId,
) -> QueryResult<Option<Own>> {
    let row: Option<Row> = prepared(DIRECT)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(connection)
        .bind::<Timestamptz, _>(actor.at)
        .bind::<Text, _>(actor.role)
        .get_result(conn)
        .optional()?;
    Ok(row.and_then(|row| row.into_own(actor)))
}

/// The action as it is for its caller, with the connections of the admitted kinds that come into question; `None` if it
/// is not there for them.
pub fn find_call(
    conn: &mut PgConnection,
    actor: &Actor,
    key: &AgentActionKey,
    admitted: &[AuthType],
) -> QueryResult<Option<OwnCall>> {
    let rows: Vec<Row> = prepared(WITH_CANDIDATES)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Uuid, _>(key.agent)
        .bind::<Uuid, _>(key.action)
        .bind::<Timestamptz, _>(actor.at)
        .bind::<Text, _>(actor.role)
        .bind::<Array<Text>, _>(admitted)
        .load(conn)?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (agent, integration) = (first.call.agent(), first.call.integration());
    let caller_name = first.call.caller_name.clone();
    let candidates = rows.into_iter().filter_map(|row| row.into_own(actor)).collect();
    Ok(Some(OwnCall { agent, integration, caller_name, candidates }))
}

impl Row {
    fn into_own(self, actor: &Actor) -> Option<Own> {
        let target = self.target.into_target(actor.workspace)?;
        let connection = ConnectionFacts {
            is_owner: self.is_connection_owner,
            auth_type: target.secret.auth_type,
            shared: self.connection_shared,
        };
        let facts = OwnFacts { agent: self.call.agent(), integration: self.call.integration(), connection };
        Some(Own { facts, caller_name: self.call.caller_name, is_remembered: self.is_remembered, target })
    }
}

impl Own {
    /// The connection, as the policy sees it.
    pub fn connection_facts(&self) -> &ConnectionFacts {
        &self.facts.connection
    }
}

impl Guarded for Own {
    type Key = OwnKey;
    type Facts = OwnFacts;

    /// A connection that the caller may not see is as good as none: asking must not tell that it exists.
    fn load(conn: &mut PgConnection, actor: &Actor, key: &OwnKey) -> QueryResult<Option<Self>> {
        let rows: Vec<Row> = prepared(WITH_ONE)
            .bind::<Uuid, _>(actor.workspace)
            .bind::<Uuid, _>(actor.user)
            .bind::<Uuid, _>(key.action.agent)
            .bind::<Uuid, _>(key.action.action)
            .bind::<Timestamptz, _>(actor.at)
            .bind::<Text, _>(actor.role)
            .bind::<Uuid, _>(key.connection)
            .load(conn)?;
        let own = rows.into_iter().next().and_then(|row| row.into_own(actor));
        let may_see = |own: &Self| <View as Permits<ConnectionFacts>>::permits(actor, own.connection_facts()).is_ok();
        Ok(own.filter(may_see))
    }

    fn facts(&self) -> OwnFacts {
        self.facts
    }
}

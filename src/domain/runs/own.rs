//! A call with a connection of the caller's own choice (R8).

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::View;
use crate::authz::actor::Actor;
use crate::authz::facts::ActionFacts;
use crate::authz::facts::AgentFacts;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::OwnFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::db::batched;
use crate::db::prepared::prepared;
use crate::domain::agents::AgentActionKey;
use crate::domain::agents::access::connection_share;
use crate::domain::runs::target::CallRow;
use crate::domain::runs::target::Columns;
use crate::domain::runs::target::Inquiry;
use crate::domain::runs::target::Target;
use crate::domain::runs::target::TargetRow;
use crate::domain::runs::target::call_columns;
use crate::domain::runs::target::call_joins;
use crate::domain::runs::target::target_columns;
use crate::domain::runs::target::target_joins;
use crate::kernel::ids::ConnectionId;

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
    /// The action of the integration.
    pub action: ActionFacts,
    /// The caller's name.
    pub caller_name: String,
    /// The one chosen before, and the caller's own connections; without any of their own, those shared with them. At most
    /// two of each: which ones there are besides is asked when the caller has to choose.
    pub candidates: Vec<Own>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    place: i64,
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
    ($with:literal, $connections:literal) => {
        concat!(
            "SELECT q.place, t.* FROM unnest((SELECT $1), (SELECT $2), (SELECT $3), (SELECT $4), (SELECT $5),
                (SELECT $6), (SELECT $7)) WITH ORDINALITY
                AS q (workspace, asker, agent, action, at, role, ",
            $with,
            ", place) CROSS JOIN LATERAL (SELECT ",
            call_columns!(),
            ", ",
            target_columns!("c"),
            ", coalesce(c.owner_id = q.asker, false) AS is_connection_owner, ",
            connection_share!("q.workspace", "c.id", "q.asker", "q.at"),
            " AS connection_shared, coalesce(c.id = ch.connection_id, false) AS is_remembered",
            call_joins!("own"),
            " LEFT JOIN connection_choices ch ON ch.workspace_id = q.workspace AND ch.user_id = q.asker
                AND ch.agent_id = a.id AND ch.integration = aa.integration ",
            $connections,
            target_joins!("c"),
            " OFFSET 0) t"
        )
    };
}

/// The remembered one, the caller's own, and only where there is none of these last, those shared with them. Two of a kind
/// are enough to know that there are several. Branches that are not needed are not run.
const WITH_CANDIDATES: &str = statement!(
    "admitted",
    "LEFT JOIN LATERAL (
        SELECT n.* FROM (
            (SELECT ch.connection_id AS id WHERE ch.connection_id IS NOT NULL)
            UNION
            (SELECT o.id FROM connections o WHERE o.workspace_id = q.workspace AND o.owner_id = q.asker
                AND o.integration = aa.integration AND o.auth_type = ANY (string_to_array(q.admitted, ' ')) LIMIT 2)
            UNION
            (SELECT DISTINCT h.id FROM (
                SELECT s.connection_id, s.expires_at FROM connection_shares s
                    WHERE s.workspace_id = q.workspace AND s.grantee_user = q.asker
                UNION ALL
                SELECT s.connection_id, s.expires_at FROM group_members g JOIN connection_shares s
                    ON s.workspace_id = g.workspace_id AND s.grantee_group = g.group_id
                    WHERE g.workspace_id = q.workspace AND g.user_id = q.asker
                UNION ALL
                SELECT s.connection_id, s.expires_at FROM connection_shares s
                    WHERE s.workspace_id = q.workspace AND s.grantee_workspace
            ) s JOIN connections h ON h.workspace_id = q.workspace AND h.id = s.connection_id
                AND h.integration = aa.integration AND h.auth_type = ANY (string_to_array(q.admitted, ' '))
            WHERE (s.expires_at IS NULL OR s.expires_at > q.at) AND NOT EXISTS (
                SELECT 1 FROM connections o WHERE o.workspace_id = q.workspace AND o.owner_id = q.asker
                    AND o.integration = aa.integration AND o.auth_type = ANY (string_to_array(q.admitted, ' ')))
            LIMIT 2)
        ) i JOIN connections n ON n.workspace_id = q.workspace AND n.id = i.id AND n.integration = aa.integration
            AND n.auth_type = ANY (string_to_array(q.admitted, ' '))) c ON true "
);

const WITH_ONE: &str = statement!(
    "connection",
    "JOIN connections c ON c.workspace_id = q.workspace AND c.id = q.connection AND c.integration = aa.integration "
);

/// A call through an agent of the caller's own, with this connection: whatever stops it lies in the connection and its
/// integration. So it is read by the columns that calls are read by.
const DIRECT: &str = concat!(
    "SELECT 1::bigint AS place, ",
    call_columns!(),
    ", ",
    target_columns!("c"),
    ", c.owner_id = q.asker AS is_connection_owner, ",
    connection_share!("q.workspace", "c.id", "q.asker", "q.at"),
    " AS connection_shared, false AS is_remembered
     FROM (SELECT $1 AS workspace, $2 AS asker, $3 AS connection, $4 AS at, $5 AS role) q
     JOIN memberships me ON me.workspace_id = q.workspace AND me.user_id = q.asker AND me.status = 'active'
        AND me.role = q.role
     JOIN users u ON u.id = me.user_id
     JOIN connections c ON c.workspace_id = me.workspace_id AND c.id = q.connection
     CROSS JOIN LATERAL (SELECT NULL::uuid AS id, me.user_id AS owner_id, true AS enabled) a
     CROSS JOIN LATERAL (SELECT c.integration, NULL::text AS action) aa
     LEFT JOIN integration_settings st ON st.workspace_id = q.workspace AND st.integration = aa.integration ",
    target_joins!("c"),
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

/// Each call as it is for its caller, with the connections of the kinds that it came with that come into question; none
/// where the action is not there for them.
pub fn find_calls(conn: &mut PgConnection, asked: &[&Inquiry<Vec<AuthType>>]) -> QueryResult<Vec<Option<OwnCall>>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let admitted: Vec<String> = asked.iter().map(|it| words(&it.with)).collect();
    let Columns { workspaces, askers, agents, actions, times, roles } = Columns::of(asked);
    let rows: Vec<Row> = prepared(WITH_CANDIDATES)
        .bind::<Array<Uuid>, _>(workspaces)
        .bind::<Array<Uuid>, _>(askers)
        .bind::<Array<Uuid>, _>(agents)
        .bind::<Array<Uuid>, _>(actions)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<Text>, _>(roles)
        .bind::<Array<Text>, _>(admitted)
        .load(conn)?;
    let mut found: Vec<Option<OwnCall>> = asked.iter().map(|_| None).collect();
    for row in rows {
        let place = batched::place(row.place);
        let (Some(found), Some(asked)) = (found.get_mut(place), asked.get(place)) else { continue };
        let call = found.get_or_insert_with(|| row.call());
        call.candidates.extend(row.into_own(&asked.actor));
    }
    Ok(found)
}

/// An array of arrays is one array to Postgres, so the kinds of one call go as one text.
fn words(admitted: &[AuthType]) -> String {
    let words: Vec<String> = admitted.iter().map(ToString::to_string).collect();
    words.join(" ")
}

/// Each call with the connection that it came with; none where the action or the connection is not there for its caller.
pub fn load_all(conn: &mut PgConnection, asked: &[&Inquiry<ConnectionId>]) -> QueryResult<Vec<Option<Own>>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let Columns { workspaces, askers, agents, actions, times, roles } = Columns::of(asked);
    let rows: Vec<Row> = prepared(WITH_ONE)
        .bind::<Array<Uuid>, _>(workspaces)
        .bind::<Array<Uuid>, _>(askers)
        .bind::<Array<Uuid>, _>(agents)
        .bind::<Array<Uuid>, _>(actions)
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<Text>, _>(roles)
        .bind::<Array<Uuid>, _>(asked.iter().map(|it| it.with).collect::<Vec<_>>())
        .load(conn)?;
    let rows = batched::in_order(asked.len(), rows.into_iter().map(|row| (row.place, row)));
    let seen = |(row, asked): (Option<Row>, &&Inquiry<ConnectionId>)| {
        let own = row?.into_own(&asked.actor)?;
        // One that the caller may not see is as good as none: asking must not tell that it exists.
        <View as Permits<ConnectionFacts>>::permits(&asked.actor, own.connection_facts()).is_ok().then_some(own)
    };
    Ok(rows.into_iter().zip(asked).map(seen).collect())
}

impl Row {
    fn call(&self) -> OwnCall {
        OwnCall {
            agent: self.call.agent(),
            action: self.call.action(),
            caller_name: self.call.caller_name.clone(),
            candidates: Vec::new(),
        }
    }

    fn into_own(self, actor: &Actor) -> Option<Own> {
        let target = self.target.into_target(actor.workspace)?;
        let connection = ConnectionFacts {
            is_owner: self.is_connection_owner,
            auth_type: target.secret.auth_type,
            shared: self.connection_shared,
        };
        let facts = OwnFacts { agent: self.call.agent(), action: self.call.action(), connection };
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
    type Key = (AgentActionKey, ConnectionId);
    type Facts = OwnFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, (action, connection): &Self::Key) -> QueryResult<Option<Self>> {
        let asked = Inquiry { actor: actor.clone(), action: *action, with: *connection };
        Ok(load_all(conn, &[&asked])?.pop().flatten())
    }

    fn facts(&self) -> OwnFacts {
        self.facts
    }
}

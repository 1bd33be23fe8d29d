//! Reading the log. An event holds ids; whoever reads it wants names, so each page brings along what the things are called
//! now, as far as they are still there. What it costs does not depend on how long the log is: every way to narrow it is an
//! index that ends in the order of the page.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Jsonb;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::Value;

use crate::authz::actions::ViewAudit;
use crate::authz::actor::Via;
use crate::authz::proof::Authorized;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::AuditId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// What the log is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Who did it.
    pub actor: Option<UserId>,
    /// The things it happened to, by id or key: also the connection that was used, and the agent that was run. Empty: any.
    pub objects: Vec<String>,
    /// The kind of thing: `connection`, `agent`, `run`.
    pub kind: Option<String>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
}

/// One event, with what its things are called now.
#[derive(Clone, Debug, QueryableByName)]
pub struct Entry {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AuditId,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: Timestamp,
    /// Who; nobody where it was a job or the command line.
    #[diesel(sql_type = Nullable<Uuid>)]
    pub actor: Option<UserId>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub actor_name: Option<String>,
    /// By which way.
    #[diesel(sql_type = Text)]
    pub via: Via,
    /// What: `connection.created`.
    #[diesel(sql_type = Text)]
    pub action: String,
    /// To what kind of thing.
    #[diesel(sql_type = Text)]
    pub object_kind: String,
    /// Its id, or its key.
    #[diesel(sql_type = Text)]
    pub object_id: String,
    /// What it is called, or was called when it went.
    #[diesel(sql_type = Nullable<Text>)]
    pub object_name: Option<String>,
    /// Whether it is still there.
    #[diesel(sql_type = Bool)]
    pub is_there: bool,
    /// The connection that was used or changed.
    #[diesel(sql_type = Nullable<Uuid>)]
    pub connection: Option<ConnectionId>,
    /// Its name, while it exists.
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_name: Option<String>,
    /// Its owner's name, while it exists.
    #[diesel(sql_type = Nullable<Text>)]
    pub connection_owner: Option<String>,
    /// The agent that it happened on or through.
    #[diesel(sql_type = Nullable<Uuid>)]
    pub agent: Option<AgentId>,
    /// Its name, while it exists.
    #[diesel(sql_type = Nullable<Text>)]
    pub agent_name: Option<String>,
    /// The integration's key and the action's, where an action of an agent is meant.
    #[diesel(sql_type = Nullable<Text>)]
    pub integration: Option<String>,
    /// See `integration`.
    #[diesel(sql_type = Nullable<Text>)]
    pub agent_action: Option<String>,
    /// Whom it was shared with or taken from: a person's or a group's name.
    #[diesel(sql_type = Nullable<Text>)]
    pub grantee_name: Option<String>,
    /// What else was written down.
    #[diesel(sql_type = Jsonb)]
    pub detail: Value,
    /// The address they came from.
    #[diesel(sql_type = Nullable<Text>)]
    pub ip: Option<String>,
}

/// A word that is no id does not compare with one; `uuid` columns are asked only about what can be one.
macro_rules! as_uuid {
    ($text:literal) => {
        concat!("CASE WHEN ", $text, " ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN (", $text, ")::uuid END")
    };
}

/// What is left of the log by the filter, beside the thing.
const NARROWED: &str = "e.workspace_id = $1 AND ($2 IS NULL OR e.actor_id = $2) AND ($3 IS NULL OR e.object_kind = $3)
    AND ($4 IS NULL OR e.at >= $4) AND ($5 IS NULL OR e.at < $5) AND ($6 IS NULL OR (e.at, e.id) < ($6, $7))";

/// Names, looked up by key for the rows of one page.
const NAMED: &str = concat!(
    "SELECT e.id, e.at, e.actor_id AS actor, u.name AS actor_name, e.via, e.action, e.object_kind, e.object_id,
        coalesce(CASE e.object_kind WHEN 'connection' THEN oc.name WHEN 'agent' THEN a.name WHEN 'user' THEN ou.name
            WHEN 'group' THEN og.name END,
            CASE WHEN jsonb_typeof(e.detail -> 'name') = 'string' THEN e.detail ->> 'name' END) AS object_name,
        CASE e.object_kind WHEN 'connection' THEN oc.id IS NOT NULL WHEN 'agent' THEN a.id IS NOT NULL
            WHEN 'agent_action' THEN aa.id IS NOT NULL WHEN 'user' THEN ou.id IS NOT NULL
            WHEN 'group' THEN og.id IS NOT NULL
            WHEN 'run' THEN EXISTS (SELECT 1 FROM runs r WHERE r.workspace_id = e.workspace_id AND r.id = o.id)
            ELSE true END AS is_there,
        e.connection_id AS connection, c.name AS connection_name, cu.name AS connection_owner,
        o.agent_id AS agent, a.name AS agent_name,
        coalesce(e.detail ->> 'integration', aa.integration) AS integration,
        coalesce(e.detail ->> 'action', aa.action) AS agent_action,
        coalesce(gu.name, gg.name) AS grantee_name, e.detail, e.ip
     FROM picked p
     JOIN audit_events e ON e.workspace_id = $1 AND e.id = p.id
     LEFT JOIN LATERAL (SELECT ",
    as_uuid!("e.object_id"),
    " AS id, ",
    as_uuid!("e.detail ->> 'grantee_id'"),
    " AS grantee) k ON true
     LEFT JOIN agent_actions aa ON e.object_kind = 'agent_action' AND aa.workspace_id = $1 AND aa.id = k.id
     LEFT JOIN LATERAL (SELECT k.id, coalesce(CASE WHEN e.object_kind = 'agent' THEN k.id END, aa.agent_id, ",
    as_uuid!("e.detail ->> 'agent'"),
    ") AS agent_id) o ON true
     LEFT JOIN users u ON u.id = e.actor_id
     LEFT JOIN connections c ON c.workspace_id = $1 AND c.id = e.connection_id
     LEFT JOIN users cu ON cu.id = c.owner_id
     LEFT JOIN agents a ON a.workspace_id = $1 AND a.id = o.agent_id
     LEFT JOIN connections oc ON e.object_kind = 'connection' AND oc.workspace_id = $1 AND oc.id = k.id
     LEFT JOIN memberships om ON e.object_kind = 'user' AND om.workspace_id = $1 AND om.user_id = k.id
     LEFT JOIN users ou ON ou.id = om.user_id
     LEFT JOIN groups og ON e.object_kind = 'group' AND og.workspace_id = $1 AND og.id = k.id
     LEFT JOIN memberships gm ON gm.workspace_id = $1 AND gm.user_id = k.grantee
     LEFT JOIN users gu ON gu.id = gm.user_id
     LEFT JOIN groups gg ON gg.workspace_id = $1 AND gg.id = k.grantee
     ORDER BY e.at DESC, e.id DESC"
);

/// A page of the log, newest first.
pub fn list<R>(
    conn: &mut PgConnection,
    proof: &Authorized<ViewAudit, R>,
    filter: &Filter,
    page: &Page,
) -> QueryResult<Listed<Entry>> {
    let picked = if filter.objects.is_empty() { anything() } else { of_things() };
    let rows: Vec<Entry> = diesel::sql_query(format!("WITH picked AS MATERIALIZED ({picked}) {NAMED}"))
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Nullable<Uuid>, _>(filter.actor)
        .bind::<Nullable<Text>, _>(filter.kind.as_deref())
        .bind::<Nullable<Timestamptz>, _>(filter.since)
        .bind::<Nullable<Timestamptz>, _>(filter.until)
        .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .bind::<Array<Text>, _>(&filter.objects)
        .load(conn)?;
    Ok(Listed::cut(rows, page, |entry| (entry.at, entry.id.uuid())))
}

fn anything() -> String {
    // `$9` is bound for every list; a value that nothing names has no type.
    format!(
        "SELECT e.id, e.at FROM audit_events e WHERE {NARROWED} AND cardinality($9) = 0
         ORDER BY e.at DESC, e.id DESC LIMIT $8"
    )
}

/// Each thing is looked up in each of the three places where it can stand, and each place gives a page at most.
fn of_things() -> String {
    let place = |condition: &str| {
        format!(
            "(SELECT e.id, e.at FROM audit_events e WHERE {NARROWED} AND {condition}
              ORDER BY e.at DESC, e.id DESC LIMIT $8)"
        )
    };
    let places = [
        place("e.object_id = o.id"),
        place(concat!("e.connection_id = ", as_uuid!("o.id"))),
        place("e.detail ->> 'agent' = o.id"),
    ];
    format!(
        "SELECT DISTINCT e.id, e.at FROM unnest($9) o(id) CROSS JOIN LATERAL ({}) e
         ORDER BY e.at DESC, e.id DESC LIMIT $8",
        places.join(" UNION ")
    )
}

/// A person who is or was in the workspace.
#[derive(Clone, Debug, QueryableByName)]
pub struct Known {
    /// Their id.
    #[diesel(sql_type = Uuid)]
    pub id: UserId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their address.
    #[diesel(sql_type = Text)]
    pub email: String,
}

/// Whom `text` means: by id, by address, or by a part of the name; at most `limit`.
pub fn people<R>(
    conn: &mut PgConnection,
    proof: &Authorized<ViewAudit, R>,
    text: &str,
    limit: i64,
) -> QueryResult<Vec<Known>> {
    diesel::sql_query(
        "SELECT u.id, u.name, u.email FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = $1 AND (u.id::text = lower($2) OR u.email = lower($2) OR position(lower($2) IN lower(u.name)) > 0)
         ORDER BY u.id::text = lower($2) OR u.email = lower($2) DESC, u.name, u.id LIMIT $3",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Text, _>(text)
    .bind::<BigInt, _>(limit)
    .load(conn)
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Text)]
    id: String,
}

/// The ids of the connections, agents, groups and people with exactly this name; at most `limit`.
pub fn things<R>(
    conn: &mut PgConnection,
    proof: &Authorized<ViewAudit, R>,
    name: &str,
    limit: i64,
) -> QueryResult<Vec<String>> {
    let rows: Vec<Id> = diesel::sql_query(
        "SELECT t.id::text AS id FROM (
            SELECT c.id FROM connections c WHERE c.workspace_id = $1 AND lower(c.name) = lower($2)
            UNION ALL SELECT a.id FROM agents a WHERE a.workspace_id = $1 AND lower(a.name) = lower($2)
            UNION ALL SELECT g.id FROM groups g WHERE g.workspace_id = $1 AND lower(g.name) = lower($2)
            UNION ALL SELECT u.id FROM memberships m JOIN users u ON u.id = m.user_id
                WHERE m.workspace_id = $1 AND (lower(u.name) = lower($2) OR u.email = lower($2))
         ) t LIMIT $3",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Text, _>(name)
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

//! Turns a browser session or an API token into an actor, in one statement, afresh for every request: what was taken
//! away a moment ago is gone (R6).

use std::net::IpAddr;

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Bytea;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::actor::Permissions;
use crate::authz::actor::Via;
use crate::authz::facts::Permission;
use crate::authz::facts::Role;
use crate::db::batched;
use crate::db::batched::Batched;
use crate::db::prepared::prepared;
use crate::domain::accounts::token_hash;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// From where and when a request came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The address.
    pub ip: Option<IpAddr>,
    /// The time.
    pub at: Timestamp,
}

/// The columns of [`MemberRow`] from `memberships m`, but for whether it is fresh.
macro_rules! member_columns {
    () => {
        "m.workspace_id, m.user_id, m.role, ARRAY(SELECT permission FROM role_permissions p
            WHERE p.workspace_id = m.workspace_id AND p.role = m.role) AS permissions"
    };
}

/// The person as an active member of the workspace with this slug.
pub fn in_workspace(conn: &mut PgConnection, slug: &str, user: UserId, arrival: Arrival) -> QueryResult<Option<Actor>> {
    Ok(find(conn, slug, user, arrival)?.map(|row| row.actor(Via::Page, arrival)))
}

/// The same, for somebody who is here in a browser. Notes, to the minute, that they were seen.
pub fn by_session(conn: &mut PgConnection, slug: &str, user: UserId, arrival: Arrival) -> QueryResult<Option<Actor>> {
    let row = find(conn, slug, user, arrival)?;
    if let Some(row) = row.as_ref().filter(|row| !row.is_fresh) {
        prepared("UPDATE memberships SET last_seen_at = $3 WHERE workspace_id = $1 AND user_id = $2")
            .bind::<Uuid, _>(row.workspace_id)
            .bind::<Uuid, _>(row.user_id)
            .bind::<Timestamptz, _>(arrival.at)
            .execute(conn)?;
    }
    Ok(row.map(|row| row.actor(Via::Page, arrival)))
}

fn find(conn: &mut PgConnection, slug: &str, user: UserId, arrival: Arrival) -> QueryResult<Option<MemberRow>> {
    prepared(concat!(
        "SELECT ",
        member_columns!(),
        ", coalesce(m.last_seen_at > $3, false) AS is_fresh
         FROM workspaces w JOIN memberships m ON m.workspace_id = w.id
         WHERE w.slug = $1 AND m.user_id = $2 AND m.status = 'active'",
    ))
    .bind::<Text, _>(slug)
    .bind::<Uuid, _>(user)
    .bind::<Timestamptz, _>(arrival.at - chrono::Duration::minutes(1))
    .get_result(conn)
    .optional()
}

/// An active member as they would act at `at`, to ask the policy what they may do. Nothing is done as them.
pub(in crate::domain) fn of_member(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    at: Timestamp,
) -> QueryResult<Option<Actor>> {
    let row: Option<MemberRow> = prepared(concat!(
        "SELECT ",
        member_columns!(),
        ", true AS is_fresh
         FROM memberships m WHERE m.workspace_id = $1 AND m.user_id = $2 AND m.status = 'active'",
    ))
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(user)
    .get_result(conn)
    .optional()?;
    Ok(row.map(|row| row.actor(Via::System, Arrival { ip: None, at })))
}

/// An API token that came with a request.
#[derive(Clone, Debug)]
pub struct Presented {
    hash: Vec<u8>,
    arrival: Arrival,
}

impl Presented {
    /// The token as it came.
    pub fn new(token: &str, arrival: Arrival) -> Self {
        Self { hash: token_hash(token), arrival }
    }
}

/// Where API tokens are asked about.
pub type Tokens = Batched<Presented, Option<Actor>>;

/// Whoever holds each token, if they are still an active member. Notes, to the minute, that it was used.
pub fn by_tokens(conn: &mut PgConnection, presented: &[Presented]) -> QueryResult<Vec<Option<Actor>>> {
    let hashes: Vec<&[u8]> = presented.iter().map(|it| it.hash.as_slice()).collect();
    let since: Vec<Timestamp> = presented.iter().map(|it| it.arrival.at - chrono::Duration::minutes(1)).collect();
    let rows: Vec<HolderRow> = prepared(concat!(
        "SELECT q.place, t.* FROM unnest((SELECT $1), (SELECT $2)) WITH ORDINALITY AS q (hash, since, place)
         CROSS JOIN LATERAL (SELECT ",
        member_columns!(),
        ", coalesce(t.last_used_at > q.since, false) AS is_fresh
         FROM api_tokens t JOIN memberships m ON m.workspace_id = t.workspace_id AND m.user_id = t.user_id
         WHERE t.token_hash = q.hash AND m.status = 'active' OFFSET 0) t"
    ))
    .bind::<Array<Bytea>, _>(hashes)
    .bind::<Array<Timestamptz>, _>(since)
    .load(conn)?;
    let rows = batched::in_order(presented.len(), rows.into_iter().map(|row| (row.place, row.member)));
    for (row, it) in rows.iter().zip(presented) {
        if row.as_ref().is_some_and(|row| !row.is_fresh) {
            prepared("UPDATE api_tokens SET last_used_at = $2 WHERE token_hash = $1")
                .bind::<Bytea, _>(&it.hash)
                .bind::<Timestamptz, _>(it.arrival.at)
                .execute(conn)?;
        }
    }
    Ok(rows.into_iter().zip(presented).map(|(row, it)| Some(row?.actor(Via::Token, it.arrival))).collect())
}

#[derive(QueryableByName)]
struct HolderRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(embed)]
    member: MemberRow,
}

#[derive(QueryableByName)]
struct MemberRow {
    #[diesel(sql_type = Uuid)]
    workspace_id: WorkspaceId,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    role: Role,
    #[diesel(sql_type = Array<Text>)]
    permissions: Vec<String>,
    #[diesel(sql_type = Bool)]
    is_fresh: bool,
}

impl MemberRow {
    fn actor(self, via: Via, arrival: Arrival) -> Actor {
        // A permission that a newer version knows is none here.
        let switched_on = self.permissions.iter().filter_map(|word| word.parse::<Permission>().ok());
        Actor {
            workspace: self.workspace_id,
            user: self.user_id,
            role: self.role,
            permissions: Permissions::of(self.role, switched_on),
            via,
            ip: arrival.ip,
            at: arrival.at,
        }
    }
}

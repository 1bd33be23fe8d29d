//! Who can use a connection now beside its owner, and through what: by a share of their own, by a group, with everyone.

use std::collections::HashMap;

use chrono::DateTime;
use diesel::BoolExpressionMethods;
use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::dsl::exists;
use diesel::dsl::select;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::Share;
use crate::authz::actor::Actor;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Authorized;
use crate::db::schema::connection_shares;
use crate::domain::connections::connection::Connection;
use crate::domain::people::grantee::Grantee;
use crate::domain::people::search::Typed;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// A living share that reaches a person.
#[derive(Clone, Debug)]
pub struct Way {
    /// The share.
    pub share: ShareId,
    /// How it reaches them.
    pub grantee: Grantee,
    /// The group's name.
    pub group_name: Option<String>,
    /// What it allows.
    pub access: ShareAccess,
    /// When it stops by itself, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Somebody who can use the connection.
#[derive(Clone, Debug)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Every share that reaches them, the strongest first.
    pub ways: Vec<Way>,
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    email: String,
}

#[derive(QueryableByName)]
struct WayRow {
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Uuid)]
    share: ShareId,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_user: Option<UserId>,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_group: Option<GroupId>,
    #[diesel(sql_type = Nullable<Text>)]
    group_name: Option<String>,
    #[diesel(sql_type = Text)]
    access: ShareAccess,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    expires_at: Option<Timestamp>,
}

/// A page of the active members, beside the owner, whom a living share reaches; whom `query` finds.
/// In the order in which they came to be users: that is the order of the key, whoever joins or leaves.
pub fn people(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    query: &str,
    page: &Page,
) -> QueryResult<Listed<Person>> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let (from, until) = Typed::of(query).map(|typed| (typed.from, typed.until)).unzip();
    // Beside an OR it would be no join.
    let sought = if from.is_some() { SOUGHT } else { "$5 IS NULL AND $6 IS NULL" };
    let reached = if is_everyones(conn, proof)? { "true" } else { REACHED };
    let rows: Vec<PersonRow> = diesel::sql_query(format!(
        "SELECT m.user_id, u.name, u.email FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = $1 AND m.status = 'active' AND m.user_id <> $4
           AND ($7 IS NULL OR m.user_id > $7) AND {sought} AND {reached}
         ORDER BY m.user_id LIMIT $8"
    ))
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection.id)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Uuid, _>(connection.owner)
    .bind::<Nullable<Text>, _>(from)
    .bind::<Nullable<Text>, _>(until)
    .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
    .bind::<BigInt, _>(page.fetch())
    .load(conn)?;
    let listed = Listed::cut(rows, page, |row: &PersonRow| (DateTime::UNIX_EPOCH, row.user_id.uuid()));
    let users: Vec<UserId> = listed.items.iter().map(|row| row.user_id).collect();
    let mut ways = ways_of(conn, actor.workspace, connection.id, actor.at, users)?;
    Ok(listed.map(|row| Person {
        ways: ways.remove(&row.user_id).unwrap_or_default(),
        user: row.user_id,
        name: row.name,
        email: row.email,
    }))
}

/// Who is found by what was typed.
const SOUGHT: &str = "m.user_id IN (SELECT b.user_id FROM member_beginnings b
    WHERE b.workspace_id = $1 AND b.beginning >= lower($5) AND b.beginning < lower($6))";

/// Whom shares with people and groups reach.
const REACHED: &str = "m.user_id IN (
    SELECT s.grantee_user FROM connection_shares s WHERE s.workspace_id = $1 AND s.connection_id = $2
        AND s.grantee_user IS NOT NULL AND (s.expires_at IS NULL OR s.expires_at > $3)
    UNION SELECT g.user_id FROM connection_shares s JOIN group_members g
        ON g.workspace_id = s.workspace_id AND g.group_id = s.grantee_group
        WHERE s.workspace_id = $1 AND s.connection_id = $2 AND (s.expires_at IS NULL OR s.expires_at > $3))";

/// Whether a living share reaches every member: then nobody has to be looked for.
fn is_everyones(conn: &mut PgConnection, proof: &Authorized<Share, Connection>) -> QueryResult<bool> {
    let (actor, connection) = (proof.actor(), proof.resource());
    let living = connection_shares::expires_at.is_null().or(connection_shares::expires_at.gt(actor.at));
    let everyones = connection_shares::table
        .filter(connection_shares::workspace_id.eq(actor.workspace))
        .filter(connection_shares::connection_id.eq(connection.id))
        .filter(connection_shares::grantee_workspace.eq(true))
        .filter(living);
    select(exists(everyones)).get_result(conn)
}

/// The living shares of a connection that reach each of these people, the strongest first.
pub fn ways_of(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    connection: ConnectionId,
    at: Timestamp,
    users: Vec<UserId>,
) -> QueryResult<HashMap<UserId, Vec<Way>>> {
    let rows: Vec<WayRow> = diesel::sql_query(
        "SELECT p.user_id, s.id AS share, s.grantee_user, s.grantee_group, g.name AS group_name, s.access, s.expires_at
         FROM unnest($4) AS p(user_id) CROSS JOIN LATERAL (
             SELECT * FROM connection_shares
                 WHERE workspace_id = $1 AND connection_id = $2 AND grantee_user = p.user_id
             UNION ALL SELECT c.* FROM group_members m JOIN connection_shares c
                 ON c.workspace_id = $1 AND c.connection_id = $2 AND c.grantee_group = m.group_id
                 WHERE m.workspace_id = $1 AND m.user_id = p.user_id
             UNION ALL SELECT * FROM connection_shares
                 WHERE workspace_id = $1 AND connection_id = $2 AND grantee_workspace) s
         LEFT JOIN groups g ON g.workspace_id = $1 AND g.id = s.grantee_group
         WHERE s.expires_at IS NULL OR s.expires_at > $3
         ORDER BY s.access, s.grantee_user IS NULL, s.grantee_workspace NULLS FIRST, g.name, s.id",
    )
    .bind::<Uuid, _>(workspace)
    .bind::<Uuid, _>(connection)
    .bind::<Timestamptz, _>(at)
    .bind::<Array<Uuid>, _>(users)
    .load(conn)?;
    let mut ways: HashMap<UserId, Vec<Way>> = HashMap::new();
    for row in rows {
        ways.entry(row.user_id).or_default().push(Way {
            share: row.share,
            grantee: Grantee::from_columns(row.grantee_user, row.grantee_group),
            group_name: row.group_name,
            access: row.access,
            expires_at: row.expires_at,
        });
    }
    Ok(ways)
}

#[derive(QueryableByName)]
struct EndRow {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    ended_at: Option<Timestamp>,
}

/// When the last of the ended shares that would reach the actor ended.
pub fn last_end(conn: &mut PgConnection, actor: &Actor, connection: ConnectionId) -> QueryResult<Option<Timestamp>> {
    let row: EndRow = diesel::sql_query(
        "SELECT max(s.expires_at) AS ended_at FROM (
             SELECT expires_at FROM connection_shares
                 WHERE workspace_id = $1 AND connection_id = $2 AND grantee_user = $3
             UNION ALL SELECT c.expires_at FROM group_members m JOIN connection_shares c
                 ON c.workspace_id = $1 AND c.connection_id = $2 AND c.grantee_group = m.group_id
                 WHERE m.workspace_id = $1 AND m.user_id = $3
             UNION ALL SELECT expires_at FROM connection_shares
                 WHERE workspace_id = $1 AND connection_id = $2 AND grantee_workspace) s
         WHERE s.expires_at <= $4",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(connection)
    .bind::<Uuid, _>(actor.user)
    .bind::<Timestamptz, _>(actor.at)
    .get_result(conn)?;
    Ok(row.ended_at)
}

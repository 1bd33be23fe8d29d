//! The directory of a workspace: who is in it, as what, since when. Every member sees who is active; admins see everybody,
//! and when they were here last.

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::MembershipFacts;
use crate::authz::facts::Role;
use crate::authz::proof::Guarded;
use crate::domain::people::members::MemberStatus;
use crate::domain::people::search::FOUND;
use crate::domain::people::search::Typed;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// A person in a workspace.
#[derive(Clone, Debug, QueryableByName)]
pub struct Membership {
    /// The person.
    #[diesel(sql_type = Uuid)]
    pub user: UserId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their address.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Their role.
    #[diesel(sql_type = Text)]
    pub role: Role,
    /// Whether the membership counts.
    #[diesel(sql_type = Text)]
    pub status: MemberStatus,
    /// Whether they were invited and have not come yet.
    #[diesel(sql_type = Bool)]
    pub is_pending: bool,
    /// Whether an admin may have the link of their invitation: nobody else's access hangs on the account.
    #[diesel(sql_type = Bool)]
    pub is_link_safe: bool,
    /// Since when they are in the workspace.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Timestamp,
    /// When they were here last, in a browser, to the minute.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_seen_at: Option<Timestamp>,
    /// When they were deactivated, if they are.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub deactivated_at: Option<Timestamp>,
    /// How many connections they own here.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
}

// Counted, not `NOT EXISTS`: that the planner may answer by reading every membership there is.
const COLUMNS: &str = "m.user_id AS user, u.name, u.email, m.role, m.status,
    m.status = 'invited' OR (u.password_hash IS NULL AND m.last_seen_at IS NULL) AS is_pending,
    m.status <> 'invited' AND u.password_hash IS NULL AND u.verified_at IS NULL AND (
        SELECT count(*) FROM memberships o WHERE o.user_id = m.user_id AND o.workspace_id <> $1) = 0 AS is_link_safe,
    m.created_at, m.last_seen_at, m.deactivated_at,
    (SELECT count(*) FROM connections c WHERE c.workspace_id = $1 AND c.owner_id = m.user_id) AS connections";

impl Guarded for Membership {
    type Key = UserId;
    type Facts = MembershipFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &UserId) -> QueryResult<Option<Self>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM memberships m JOIN users u ON u.id = m.user_id
             WHERE m.workspace_id = $1 AND m.user_id = $2"
        );
        diesel::sql_query(sql).bind::<Uuid, _>(actor.workspace).bind::<Uuid, _>(*key).get_result(conn).optional()
    }

    fn facts(&self) -> MembershipFacts {
        MembershipFacts { is_active: self.status == MemberStatus::Active }
    }
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What a word of the name or of the address begins with.
    pub query: String,
    /// A role.
    pub role: Option<Role>,
    /// A state.
    pub status: Option<MemberStatus>,
}

/// A page of the people whom the actor may see: the policy's `View` as SQL. Those who came last first, or, where somebody is
/// looked for, in the order of the search.
pub fn list(conn: &mut PgConnection, actor: &Actor, filter: &Filter, page: &Page) -> QueryResult<Listed<Membership>> {
    let rows = match Typed::of(&filter.query) {
        Some(typed) => found(conn, actor, filter, page, typed)?,
        None => latest(conn, actor, filter, page)?,
    };
    Ok(Listed::cut(rows, page, |membership| (membership.created_at, membership.user.uuid())))
}

fn latest(conn: &mut PgConnection, actor: &Actor, filter: &Filter, page: &Page) -> QueryResult<Vec<Membership>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.workspace_id = $1 AND (m.status = 'active' OR $2)
           AND ($3 IS NULL OR m.role = $3) AND ($4 IS NULL OR m.status = $4)
           AND ($5 IS NULL OR (m.created_at, m.user_id) < ($5, $6))
         ORDER BY m.created_at DESC, m.user_id DESC LIMIT $7"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Bool, _>(actor.is_admin())
        .bind::<Nullable<Text>, _>(filter.role.map(Role::as_str))
        .bind::<Nullable<Text>, _>(filter.status.map(MemberStatus::as_str))
        .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)
}

/// The next page begins after the text by which the last person of the one before was found.
fn found(
    conn: &mut PgConnection,
    actor: &Actor,
    filter: &Filter,
    page: &Page,
    typed: Typed,
) -> QueryResult<Vec<Membership>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FOUND} f
         JOIN memberships m ON m.workspace_id = $1 AND m.user_id = f.user_id JOIN users u ON u.id = m.user_id
         WHERE (m.status = 'active' OR $4) AND ($5 IS NULL OR m.role = $5) AND ($6 IS NULL OR m.status = $6)
           AND ($7 IS NULL OR (f.beginning, f.user_id) > ((SELECT min(l.beginning) FROM member_beginnings l
               WHERE l.workspace_id = $1 AND l.user_id = $7 AND l.beginning >= lower($2)), $7))
         ORDER BY f.beginning, f.user_id LIMIT $8"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Text, _>(typed.from)
        .bind::<Text, _>(typed.until)
        .bind::<Bool, _>(actor.is_admin())
        .bind::<Nullable<Text>, _>(filter.role.map(Role::as_str))
        .bind::<Nullable<Text>, _>(filter.status.map(MemberStatus::as_str))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)
}

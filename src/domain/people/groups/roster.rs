//! Who is in a group. Somebody who is added has what the group has from their next call on; somebody who is taken out has
//! lost it (R6).

use diesel::ExpressionMethods;
use diesel::JoinOnDsl;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::actions::View;
use crate::authz::facts::Role;
use crate::authz::proof::Authorized;
use crate::db::conflict;
use crate::db::schema::group_members;
use crate::db::schema::memberships;
use crate::db::schema::users;
use crate::domain::audit;
use crate::domain::people::groups::Group;
use crate::domain::people::groups::GroupError;
use crate::domain::people::members::MemberStatus;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

/// Somebody in a group.
#[derive(Clone, Debug, QueryableByName)]
pub struct Seat {
    /// The person.
    #[diesel(sql_type = Uuid)]
    pub user: UserId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their address.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Their role in the workspace.
    #[diesel(sql_type = Text)]
    pub role: Role,
    /// Whether they are an active member of it.
    #[diesel(sql_type = Text)]
    pub status: MemberStatus,
    /// When they were added.
    #[diesel(sql_type = Timestamptz)]
    pub added_at: Timestamp,
}

/// What came of adding people by their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Who was added: ids and names.
    pub people: Vec<(UserId, String)>,
    /// How many were in the group already.
    pub already: usize,
    /// The addresses that no active member of the workspace has.
    pub unknown: Vec<String>,
}

/// A page of a group's people, those added last first.
pub fn list(conn: &mut PgConnection, proof: &Authorized<View, Group>, page: &Page) -> QueryResult<Listed<Seat>> {
    let rows: Vec<Seat> = diesel::sql_query(
        "SELECT u.id AS user, u.name, u.email, m.role, m.status, x.created_at AS added_at
         FROM group_members x JOIN users u ON u.id = x.user_id
         JOIN memberships m ON m.workspace_id = x.workspace_id AND m.user_id = x.user_id
         WHERE x.workspace_id = $1 AND x.group_id = $2
           AND ($3 IS NULL OR (x.created_at, x.user_id) < ($3, $4))
         ORDER BY x.created_at DESC, x.user_id DESC LIMIT $5",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
    .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
    .bind::<BigInt, _>(page.fetch())
    .load(conn)?;
    Ok(Listed::cut(rows, page, |seat| (seat.added_at, seat.user.uuid())))
}

/// Which of these people are in the group.
pub fn seated(conn: &mut PgConnection, proof: &Authorized<View, Group>, among: &[UserId]) -> QueryResult<Vec<UserId>> {
    group_members::table
        .filter(group_members::workspace_id.eq(proof.actor().workspace))
        .filter(group_members::group_id.eq(proof.resource().id))
        .filter(group_members::user_id.eq_any(among))
        .select(group_members::user_id)
        .load(conn)
}

/// Adds an active member to the group; false if there is no such member here. Adding somebody twice changes nothing.
pub fn add(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>, user: UserId) -> Result<bool, GroupError> {
    let member = memberships::table
        .find((proof.actor().workspace, user))
        .filter(memberships::status.eq(MemberStatus::Active))
        .select(memberships::user_id);
    let found: Vec<UserId> = member.load(conn)?;
    seat(conn, proof, &found)?;
    Ok(!found.is_empty())
}

/// Adds the active members with these addresses, and names the addresses that are nobody's here.
pub fn add_by_address(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Group>,
    addresses: &[String],
) -> Result<Added, GroupError> {
    let wanted: Vec<String> = addresses.iter().map(|address| address.to_ascii_lowercase()).collect();
    let found: Vec<(UserId, String, String)> = memberships::table
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::workspace_id.eq(proof.actor().workspace))
        .filter(memberships::status.eq(MemberStatus::Active))
        .filter(users::email.eq_any(&wanted))
        .order(users::name)
        .select((users::id, users::name, users::email))
        .load(conn)?;
    let ids: Vec<UserId> = found.iter().map(|(id, ..)| *id).collect();
    let seated = seat(conn, proof, &ids)?;
    let is_known = |address: &str| found.iter().any(|(_, _, known)| known == address);
    let unknown = wanted.into_iter().filter(|address| !is_known(address)).collect();
    let new = found.iter().filter(|(id, ..)| seated.contains(id));
    let people: Vec<(UserId, String)> = new.map(|(id, name, _)| (*id, name.clone())).collect();
    Ok(Added { already: found.len() - people.len(), people, unknown })
}

/// Seats members; returns those who were not in the group before.
fn seat(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Group>,
    users: &[UserId],
) -> Result<Vec<UserId>, GroupError> {
    let (actor, group) = (proof.actor(), proof.resource());
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            (
                group_members::workspace_id.eq(actor.workspace),
                group_members::group_id.eq(group.id),
                group_members::user_id.eq(*user),
                group_members::created_at.eq(actor.at),
            )
        })
        .collect();
    let seated: Vec<UserId> = diesel::insert_into(group_members::table)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(group_members::user_id)
        .get_results(conn)
        .map_err(|error| if conflict::is_missing_reference(&error) { GroupError::Gone } else { error.into() })?;
    if !seated.is_empty() {
        let event = audit::Event::new("group.members_added", "group", group.id);
        audit::record(conn, actor, event.detail(serde_json::json!({ "users": seated })))?;
    }
    Ok(seated)
}

/// Takes somebody out of the group; false if they were not in it.
pub fn remove(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>, user: UserId) -> QueryResult<bool> {
    let (actor, group) = (proof.actor(), proof.resource());
    let removed = diesel::delete(group_members::table.find((actor.workspace, group.id, user))).execute(conn)?;
    if removed > 0 {
        let event = audit::Event::new("group.member_removed", "group", group.id);
        audit::record(conn, actor, event.detail(serde_json::json!({ "user": user })))?;
    }
    Ok(removed > 0)
}

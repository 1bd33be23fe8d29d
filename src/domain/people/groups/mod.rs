//! Groups: named sets of members, to share with many at once. Every member sees which there are, because whoever owns a
//! key may share it with one; admins alone change them.

pub mod roster;

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManagePeople;
use crate::authz::actor::Actor;
use crate::authz::facts::GroupFacts;
use crate::authz::proof::Authorized;
use crate::authz::proof::Guarded;
use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::groups;
use crate::domain::audit;
use crate::domain::people::search::Typed;
use crate::domain::people::workspaces::Workspace;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::GroupId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::kernel::text;
use crate::kernel::text::TextError;

/// A group.
#[derive(Clone, Debug, QueryableByName)]
pub struct Group {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: GroupId,
    /// Its name, which no other group of the workspace has.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Timestamp,
    /// How many active members are in it.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
}

const COLUMNS: &str = "g.id, g.name, g.created_at, (
    SELECT count(*) FROM group_members x
    JOIN memberships m ON m.workspace_id = x.workspace_id AND m.user_id = x.user_id AND m.status = 'active'
    WHERE x.workspace_id = g.workspace_id AND x.group_id = g.id) AS members";

impl Guarded for Group {
    type Key = GroupId;
    type Facts = GroupFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &GroupId) -> QueryResult<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM groups g WHERE g.workspace_id = $1 AND g.id = $2");
        diesel::sql_query(sql).bind::<Uuid, _>(actor.workspace).bind::<Uuid, _>(*key).get_result(conn).optional()
    }

    fn facts(&self) -> GroupFacts {
        GroupFacts
    }
}

/// A group could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The name cannot be used.
    #[error(transparent)]
    Name(#[from] TextError),
    /// Another group has it.
    #[error("There is a group with this name already.")]
    NameTaken,
    /// It was deleted meanwhile.
    #[error("This group was deleted meanwhile.")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(GroupError);

/// A page of the workspace's groups, by name; with `query`, those of which a word begins with it, by what matched. The cursor
/// names the last group of the page before.
pub fn list(conn: &mut PgConnection, actor: &Actor, query: &str, page: &Page) -> QueryResult<Listed<Group>> {
    let rows = match Typed::of(query) {
        Some(typed) => found(conn, actor, page, typed)?,
        None => all(conn, actor, page)?,
    };
    Ok(Listed::cut(rows, page, |group| (group.created_at, group.id.uuid())))
}

fn all(conn: &mut PgConnection, actor: &Actor, page: &Page) -> QueryResult<Vec<Group>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM groups g
         WHERE g.workspace_id = $1
           AND ($2 IS NULL OR g.name > (SELECT l.name FROM groups l WHERE l.workspace_id = $1 AND l.id = $2))
         ORDER BY g.name LIMIT $3"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)
}

/// As people are found: see [`crate::domain::people::search`].
fn found(conn: &mut PgConnection, actor: &Actor, page: &Page, typed: Typed) -> QueryResult<Vec<Group>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM group_beginnings f JOIN groups g ON g.workspace_id = $1 AND g.id = f.group_id
         WHERE f.workspace_id = $1 AND f.beginning >= lower($2) AND f.beginning < lower($3)
           AND NOT EXISTS (SELECT 1 FROM group_beginnings d WHERE d.workspace_id = $1 AND d.group_id = f.group_id
               AND d.beginning >= lower($2) AND d.beginning < f.beginning)
           AND ($4 IS NULL OR (f.beginning, f.group_id) > ((SELECT min(l.beginning) FROM group_beginnings l
               WHERE l.workspace_id = $1 AND l.group_id = $4 AND l.beginning >= lower($2)), $4))
         ORDER BY f.beginning, f.group_id LIMIT $5"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Text, _>(typed.from)
        .bind::<Text, _>(typed.until)
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)
}

/// The groups that `query` finds; at most `limit`. For pickers.
pub fn search(conn: &mut PgConnection, actor: &Actor, query: &str, limit: i64) -> QueryResult<Vec<Group>> {
    Ok(list(conn, actor, query, &Page::new(Some(limit), None))?.items)
}

/// The groups with these ids, by name.
pub fn with_ids(conn: &mut PgConnection, actor: &Actor, ids: &[GroupId]) -> QueryResult<Vec<Group>> {
    let sql = format!("SELECT {COLUMNS} FROM groups g WHERE g.workspace_id = $1 AND g.id = ANY ($2) ORDER BY g.name");
    diesel::sql_query(sql).bind::<Uuid, _>(actor.workspace).bind::<Array<Uuid>, _>(ids).load(conn)
}

/// Makes a group, without members.
pub fn create(
    conn: &mut PgConnection,
    proof: &Authorized<ManagePeople, Workspace>,
    name: &str,
) -> Result<GroupId, GroupError> {
    let (actor, name) = (proof.actor(), text::name(name)?);
    let id = GroupId::new();
    diesel::insert_into(groups::table)
        .values((
            groups::workspace_id.eq(actor.workspace),
            groups::id.eq(id),
            groups::name.eq(&name),
            groups::created_at.eq(actor.at),
        ))
        .execute(conn)
        .map_err(named)?;
    let detail = serde_json::json!({ "name": name });
    audit::record(conn, actor, audit::Event::new("group.created", "group", id).detail(detail))?;
    Ok(id)
}

/// Gives a group another name. Whom it gives access to what stays.
pub fn rename(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>, name: &str) -> Result<(), GroupError> {
    let (actor, group, name) = (proof.actor(), proof.resource(), text::name(name)?);
    let row = groups::table.find((actor.workspace, group.id));
    let renamed = diesel::update(row).set(groups::name.eq(&name)).execute(conn).map_err(named)?;
    if renamed == 0 {
        return Err(GroupError::Gone);
    }
    let detail = serde_json::json!({ "from": group.name, "to": name });
    audit::record(conn, actor, audit::Event::new("group.renamed", "group", group.id).detail(detail))?;
    Ok(())
}

/// Deletes a group, with every share and grant that was given to it. Its members lose what they had through it alone,
/// from their next call (R6).
pub fn remove(conn: &mut PgConnection, proof: &Authorized<ManagePeople, Group>) -> Result<(), GroupError> {
    let (actor, group) = (proof.actor(), proof.resource());
    let removed = diesel::delete(groups::table.find((actor.workspace, group.id))).execute(conn)?;
    if removed == 0 {
        return Err(GroupError::Gone);
    }
    let detail = serde_json::json!({ "name": group.name, "members": group.members });
    audit::record(conn, actor, audit::Event::new("group.deleted", "group", group.id).detail(detail))?;
    Ok(())
}

fn named(error: diesel::result::Error) -> GroupError {
    if conflict::is(&error, "groups_name_taken") { GroupError::NameTaken } else { error.into() }
}

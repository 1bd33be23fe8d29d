//! Who may use a connection beside its owner. Its owner shares it, and a workspace admin any of the workspace (R5); an OAuth
//! connection nobody (R4), which the proof, the policy and the table each say. A share that has an end stops there by
//! itself: whoever reads shares asks for the time.

mod changes;
mod people;
mod told;

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

use crate::authz::actions::Share;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Authorized;
use crate::database_errors;
use crate::db::DbError;
use crate::domain::connections::connection::Connection;
use crate::domain::people::grantee::Grantee;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::ShareId;
use crate::kernel::ids::UserId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;

pub use crate::domain::connections::shares::changes::Changes;
pub use crate::domain::connections::shares::changes::End;
pub use crate::domain::connections::shares::changes::UNDO_WITHIN;
pub use crate::domain::connections::shares::changes::add;
pub use crate::domain::connections::shares::changes::change;
pub use crate::domain::connections::shares::changes::remove;
pub use crate::domain::connections::shares::changes::removed;
pub use crate::domain::connections::shares::changes::restore;
pub use crate::domain::connections::shares::changes::sweep;
pub use crate::domain::connections::shares::people::Person;
pub use crate::domain::connections::shares::people::Way;
pub use crate::domain::connections::shares::people::last_end;
pub use crate::domain::connections::shares::people::people;
pub use crate::domain::connections::shares::people::ways_of;
pub use crate::domain::connections::shares::told::step;

/// A share of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionShare {
    /// Its id.
    pub id: ShareId,
    /// Whom it is for.
    pub grantee: Grantee,
    /// The person's or the group's name; none for the workspace.
    pub grantee_name: Option<String>,
    /// What it allows.
    pub access: ShareAccess,
    /// When it stops by itself, if it does.
    pub expires_at: Option<Timestamp>,
    /// Whether it has stopped.
    pub has_ended: bool,
    /// Who shared.
    pub created_by: UserId,
    /// That person's name.
    pub created_by_name: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

/// A connection could not be shared, or a share not changed.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// There is a living share for them.
    #[error("This connection is shared with them already. Change that share, or take it away first.")]
    AlreadyShared,
    /// The person or group is not of this workspace, or not any more.
    #[error("There is no such person or group in this workspace.")]
    UnknownGrantee,
    /// The owner has it anyway.
    #[error("The connection is theirs: they own it.")]
    IsOwner,
    /// It would end before it begins.
    #[error("Choose an end in the future, or none.")]
    EndsInThePast,
    /// It has stopped; whoever is to have it again is told again.
    #[error("This share has ended. Share the connection anew.")]
    HasEnded,
    /// What was taken away cannot be put back any more.
    #[error("It is too late to undo this. Share the connection anew.")]
    TooLate,
    /// The share or the connection went away meanwhile.
    #[error("This was changed or taken away meanwhile.")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(ShareError);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    id: ShareId,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_user: Option<UserId>,
    #[diesel(sql_type = Nullable<Uuid>)]
    grantee_group: Option<GroupId>,
    #[diesel(sql_type = Nullable<Text>)]
    grantee_name: Option<String>,
    #[diesel(sql_type = Text)]
    access: ShareAccess,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    expires_at: Option<Timestamp>,
    #[diesel(sql_type = Bool)]
    has_ended: bool,
    #[diesel(sql_type = Uuid)]
    created_by: UserId,
    #[diesel(sql_type = Nullable<Text>)]
    created_by_name: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: Timestamp,
}

impl From<Row> for ConnectionShare {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            grantee: Grantee::from_columns(row.grantee_user, row.grantee_group),
            grantee_name: row.grantee_name,
            access: row.access,
            expires_at: row.expires_at,
            has_ended: row.has_ended,
            created_by: row.created_by,
            created_by_name: row.created_by_name,
            created_at: row.created_at,
        }
    }
}

/// The shares of connection `$2` in workspace `$1` at time `$3`.
macro_rules! rows_of {
    ($table:literal) => {
        concat!(
            "SELECT s.id, s.grantee_user, s.grantee_group, coalesce(u.name, g.name) AS grantee_name, s.access,
                s.expires_at, coalesce(s.expires_at <= $3, false) AS has_ended, s.created_by,
                by.name AS created_by_name, s.created_at
             FROM ",
            $table,
            " s LEFT JOIN users u ON u.id = s.grantee_user
             LEFT JOIN groups g ON g.workspace_id = s.workspace_id AND g.id = s.grantee_group
             LEFT JOIN users by ON by.id = s.created_by
             WHERE s.workspace_id = $1 AND s.connection_id = $2 "
        )
    };
}
pub(in crate::domain::connections::shares) use rows_of;

/// A page of the shares of the connection, newest first, those that have ended among them.
pub fn list(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    page: &Page,
) -> QueryResult<Listed<ConnectionShare>> {
    let rows: Vec<Row> = diesel::sql_query(concat!(
        rows_of!("connection_shares"),
        "AND ($4 IS NULL OR (s.created_at, s.id) < ($4, $5)) ORDER BY s.created_at DESC, s.id DESC LIMIT $6"
    ))
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Timestamptz, _>(proof.actor().at)
    .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
    .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
    .bind::<BigInt, _>(page.fetch())
    .load(conn)?;
    let rows = rows.into_iter().map(ConnectionShare::from).collect();
    Ok(Listed::cut(rows, page, |share: &ConnectionShare| (share.created_at, share.id.uuid())))
}

/// The share with this id, if it is one of this connection.
pub fn find(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    id: ShareId,
) -> QueryResult<Option<ConnectionShare>> {
    let row: Option<Row> = diesel::sql_query(concat!(rows_of!("connection_shares"), "AND s.id = $4"))
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Uuid, _>(proof.resource().id)
        .bind::<Timestamptz, _>(proof.actor().at)
        .bind::<Uuid, _>(id)
        .get_result(conn)
        .optional()?;
    Ok(row.map(ConnectionShare::from))
}

/// The shares that these have, and that of the whole workspace if there is one.
pub fn of_grantees(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    grantees: &[Grantee],
) -> QueryResult<Vec<ConnectionShare>> {
    let users: Vec<UserId> = grantees.iter().filter_map(|grantee| grantee.user()).collect();
    let groups: Vec<GroupId> = grantees.iter().filter_map(|grantee| grantee.group()).collect();
    let rows: Vec<Row> = diesel::sql_query(concat!(
        rows_of!("connection_shares"),
        "AND (s.grantee_user = ANY ($4) OR s.grantee_group = ANY ($5) OR s.grantee_workspace)"
    ))
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Uuid, _>(proof.resource().id)
    .bind::<Timestamptz, _>(proof.actor().at)
    .bind::<Array<Uuid>, _>(users)
    .bind::<Array<Uuid>, _>(groups)
    .load(conn)?;
    Ok(rows.into_iter().map(ConnectionShare::from).collect())
}

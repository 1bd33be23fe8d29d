//! The person behind an address.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::PgConnection;

use crate::database_errors;
use crate::db::DbError;
use crate::db::conflict;
use crate::db::schema::users;
use crate::domain::accounts::links;
use crate::domain::accounts::sessions;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;

/// A person who signs in.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Argon2id in PHC form; none until they set a password.
    pub password_hash: Option<String>,
}

/// A person could not be added.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The address is somebody's already.
    #[error("this e-mail address is taken")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(UserError);

/// The person with this id.
pub fn find(conn: &mut PgConnection, id: UserId) -> QueryResult<Option<User>> {
    users::table.find(id).select(User::as_select()).first(conn).optional()
}

/// The person with this address, compared in lower case.
pub fn find_by_email(conn: &mut PgConnection, email: &str) -> QueryResult<Option<User>> {
    users::table.filter(users::email.eq(email.to_ascii_lowercase())).select(User::as_select()).first(conn).optional()
}

/// Adds a person on the operator's word that the address is theirs; `email` and `name` as [`crate::kernel::text`] gives
/// them.
pub fn create(conn: &mut PgConnection, email: &str, name: &str, now: Timestamp) -> Result<User, UserError> {
    insert(conn, email, name, now, Some(now))
}

/// Adds a person whose address nobody has confirmed by mail yet.
pub fn create_unverified(conn: &mut PgConnection, email: &str, name: &str, now: Timestamp) -> Result<User, UserError> {
    insert(conn, email, name, now, None)
}

fn insert(
    conn: &mut PgConnection,
    email: &str,
    name: &str,
    now: Timestamp,
    verified_at: Option<Timestamp>,
) -> Result<User, UserError> {
    let id = UserId::new();
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(email),
            users::name.eq(name),
            users::created_at.eq(now),
            users::verified_at.eq(verified_at),
        ))
        .returning(User::as_returning())
        .get_result(conn)
        .map_err(|error| if conflict::is(&error, "users_email_taken") { UserError::EmailTaken } else { error.into() })
}

/// Sets a password's hash.
pub fn set_password_hash(conn: &mut PgConnection, id: UserId, hash: &str) -> QueryResult<()> {
    diesel::update(users::table.find(id)).set(users::password_hash.eq(Some(hash))).execute(conn).map(drop)
}

/// Notes that a mail to the address reached the person.
pub(in crate::domain::accounts) fn verify(conn: &mut PgConnection, id: UserId, now: Timestamp) -> QueryResult<()> {
    let unverified = users::table.find(id).filter(users::verified_at.is_null());
    diesel::update(unverified).set(users::verified_at.eq(Some(now))).execute(conn).map(drop)
}

/// Takes password, sessions and links off an account that was never confirmed by mail: whoever set them may not be the one
/// who reads its mail. A confirmed account stays as it is.
pub fn disown_unverified(conn: &mut PgConnection, id: UserId, now: Timestamp) -> QueryResult<()> {
    let unverified = users::table.find(id).filter(users::verified_at.is_null());
    let disowned = diesel::update(unverified).set(users::password_hash.eq(None::<String>)).execute(conn)?;
    if disowned > 0 {
        sessions::end_all(conn, id, None)?;
        links::end_all(conn, id, now)?;
    }
    Ok(())
}

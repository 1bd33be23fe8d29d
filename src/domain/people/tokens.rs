//! API tokens: a program that acts as one member of one workspace. Shown once, stored as a hash (D-52).

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::database_errors;
use crate::db::DbError;
use crate::db::schema::api_tokens;
use crate::domain::accounts::token_hash;
use crate::domain::audit;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::NoRandomness;
use crate::kernel::ids::TokenId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::ids::random_token;

/// A token as its holder sees it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_tokens)]
pub struct ApiToken {
    /// Its id.
    pub id: TokenId,
    /// What its holder called it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

database_errors!(TokenError);

/// Makes a token for the actor and returns it; it is not stored and cannot be shown again.
pub fn create(conn: &mut PgConnection, actor: &Actor, name: &str) -> Result<String, TokenError> {
    let (id, token) = insert(conn, actor.workspace, actor.user, name, actor.at)?;
    audit::record(conn, actor, audit::Event::new("token.created", "token", id))?;
    Ok(token)
}

/// Makes a token for a member. For the operator's command line.
pub fn create_for(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    name: &str,
    now: Timestamp,
) -> Result<String, TokenError> {
    let (id, token) = insert(conn, workspace, user, name, now)?;
    let event = audit::Event::new("token.created", "token", id).detail(serde_json::json!({ "for": user }));
    audit::record_unattended(conn, workspace, crate::authz::actor::Via::Command, now, event)?;
    Ok(token)
}

fn insert(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    name: &str,
    now: Timestamp,
) -> Result<(TokenId, String), TokenError> {
    let id = TokenId::new();
    let token = format!("odeus_{}", random_token()?);
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::workspace_id.eq(workspace),
            api_tokens::id.eq(id),
            api_tokens::user_id.eq(user),
            api_tokens::name.eq(name),
            api_tokens::token_hash.eq(token_hash(&token)),
            api_tokens::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok((id, token))
}

/// The actor's own tokens, the newest first.
pub fn list(conn: &mut PgConnection, actor: &Actor) -> QueryResult<Vec<ApiToken>> {
    api_tokens::table
        .filter(api_tokens::workspace_id.eq(actor.workspace))
        .filter(api_tokens::user_id.eq(actor.user))
        .order(api_tokens::created_at.desc())
        .limit(100)
        .select(ApiToken::as_select())
        .load(conn)
}

/// Ends one of the actor's own tokens; false if there is none.
pub fn remove(conn: &mut PgConnection, actor: &Actor, id: TokenId) -> QueryResult<bool> {
    let token = api_tokens::table.find((actor.workspace, id)).filter(api_tokens::user_id.eq(actor.user));
    let removed = diesel::delete(token).execute(conn)? > 0;
    if removed {
        audit::record(conn, actor, audit::Event::new("token.removed", "token", id))?;
    }
    Ok(removed)
}

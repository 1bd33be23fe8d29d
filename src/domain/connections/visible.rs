//! Lists of connections: the policy's `View` (and `Attach`) as SQL. A property test holds the two equal.

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

use crate::authz::actions::Attach;
use crate::authz::actor::Actor;
use crate::authz::facts::ConnectionFacts;
use crate::authz::policy::Permits;
use crate::authz::proof::Guarded;
use crate::domain::connections::connection::COLUMNS;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::connection::ConnectionStatus;
use crate::domain::connections::connection::FROM;
use crate::domain::connections::connection::REACHED;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::words;

words! {
    /// Which of the visible connections.
    Which {
        /// The actor's own.
        Mine = "mine",
        /// Others', shared with the actor.
        Shared = "shared",
        /// Everything that the actor may see.
        All = "all",
    }
}

/// What a list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// An integration's key.
    pub integration: Option<String>,
    /// A state.
    pub status: Option<ConnectionStatus>,
}

/// A page of the connections that the actor may see, newest first.
pub fn list(
    conn: &mut PgConnection,
    actor: &Actor,
    which: Which,
    filter: &Filter,
    page: &Page,
) -> QueryResult<Listed<Connection>> {
    // R1: one's own, those shared with one, and for an admin all.
    let narrowed = match which {
        Which::Mine => "c.owner_id = $2".to_owned(),
        Which::Shared => format!("c.owner_id <> $2 AND c.id IN ({REACHED})"),
        Which::All if actor.is_admin() => "true".to_owned(),
        Which::All => usable_ones(),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE c.workspace_id = $1 AND {narrowed}
           AND ($4 IS NULL OR c.integration = $4) AND ($5 IS NULL OR c.status = $5)
           AND ($6 IS NULL OR (c.created_at, c.id) < ($6, $7))
         ORDER BY c.created_at DESC, c.id DESC LIMIT $8"
    );
    let rows: Vec<Connection> = diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Timestamptz, _>(actor.at)
        .bind::<Nullable<Text>, _>(filter.integration.as_deref())
        .bind::<Nullable<Text>, _>(filter.status.map(ConnectionStatus::as_str))
        .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)?;
    let listed = Listed::cut(rows, page, |connection| (connection.created_at, connection.id.uuid()));
    Ok(listed.map(|connection| connection.as_seen_by(actor)))
}

/// The connections to an integration that the actor may use, whatever their state: their own, then those shared with
/// them, oldest first (R8).
pub fn usable(conn: &mut PgConnection, actor: &Actor, integration: &str) -> QueryResult<Vec<Connection>> {
    of_integration(conn, actor, integration, &usable_ones())
}

/// The connections to an integration that the actor may put on an agent (R10): the policy decides, row by row.
pub fn attachable(conn: &mut PgConnection, actor: &Actor, integration: &str) -> QueryResult<Vec<Connection>> {
    let visible = if actor.is_admin() { "true".to_owned() } else { usable_ones() };
    let candidates = of_integration(conn, actor, integration, &visible)?;
    let may =
        |connection: &Connection| <Attach as Permits<ConnectionFacts>>::permits(actor, &connection.facts()).is_ok();
    Ok(candidates.into_iter().filter(may).collect())
}

/// One's own and those shared with one, found by their indexes.
fn usable_ones() -> String {
    format!("c.id IN (SELECT id FROM connections WHERE workspace_id = $1 AND owner_id = $2 UNION ALL {REACHED})")
}

fn of_integration(
    conn: &mut PgConnection,
    actor: &Actor,
    integration: &str,
    condition: &str,
) -> QueryResult<Vec<Connection>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {FROM} WHERE c.workspace_id = $1 AND c.integration = $4 AND {condition}
         ORDER BY c.owner_id = $2 DESC, c.created_at, c.id LIMIT 200"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Timestamptz, _>(actor.at)
        .bind::<Text, _>(integration)
        .load(conn)
}

/// How many connections of one kind the actor may use.
#[derive(Clone, Debug, QueryableByName)]
pub struct Standing {
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// Whether they are the actor's own.
    #[diesel(sql_type = Bool)]
    pub is_owner: bool,
    /// Whether they work.
    #[diesel(sql_type = Text)]
    pub status: ConnectionStatus,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The connections that the actor may use, counted by integration and state.
pub fn standings(conn: &mut PgConnection, actor: &Actor) -> QueryResult<Vec<Standing>> {
    let sql = format!(
        "SELECT c.integration, c.owner_id = $2 AS is_owner, c.status, count(*) AS count FROM {FROM}
         WHERE c.workspace_id = $1 AND {} GROUP BY c.integration, c.owner_id = $2, c.status",
        usable_ones()
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Timestamptz, _>(actor.at)
        .load(conn)
}

//! The runs that a person may see: the policy's `View` as SQL. A property test holds the two equal.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::domain::runs::run::HeadRow;
use crate::domain::runs::run::Run;
use crate::domain::runs::run::RunStatus;
use crate::domain::runs::run::run_columns;
use crate::domain::runs::run::run_joins;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::words;

words! {
    /// Which of the visible runs.
    Which {
        /// Those that the actor ran.
        Mine = "mine",
        /// Those that used a connection of the actor's, whoever ran them.
        OnMyConnections = "on_my_connections",
        /// Everything that the actor may see.
        All = "all",
    }
}

/// What a list is narrowed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// An agent.
    pub agent: Option<AgentId>,
    /// A connection. Runs whose connection the actor may not know are then left out: asking must not tell.
    pub connection: Option<ConnectionId>,
    /// How they ended.
    pub status: Option<RunStatus>,
}

/// Each source is ordered and cut by an index of its own.
const BY_CALLER: &str = "r.user_id = $2";
const BY_OWNER: &str = "r.connection_owner = $2";
const BY_ANYONE: &str = "true";

/// A page of the runs that the actor may see, newest first, without their content.
pub fn list(
    conn: &mut PgConnection,
    actor: &Actor,
    which: Which,
    filter: &Filter,
    page: &Page,
) -> QueryResult<Listed<Run>> {
    let sources: &[&str] = match which {
        Which::Mine => &[BY_CALLER],
        Which::OnMyConnections => &[BY_OWNER],
        Which::All if actor.is_admin() => &[BY_ANYONE],
        Which::All => &[BY_CALLER, BY_OWNER],
    };
    let ids: Vec<String> = sources.iter().map(|source| ids_from(source)).collect();
    let sql = format!(
        "SELECT {columns} FROM runs r {joins}
         WHERE r.workspace_id = $1 AND r.id IN ({ids})
         ORDER BY r.started_at DESC, r.id DESC LIMIT $8",
        columns = run_columns!(),
        joins = run_joins!(),
        ids = ids.join(" UNION ALL "),
    );
    let rows: Vec<HeadRow> = diesel::sql_query(sql)
        .bind::<Uuid, _>(actor.workspace)
        .bind::<Uuid, _>(actor.user)
        .bind::<Nullable<Uuid>, _>(filter.agent)
        .bind::<Nullable<Uuid>, _>(filter.connection)
        .bind::<Nullable<Text>, _>(filter.status)
        .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)?;
    let listed = Listed::cut(rows.into_iter().map(HeadRow::into_run).collect(), page, |run: &Run| {
        (run.started_at, run.id.uuid())
    });
    Ok(listed)
}

fn ids_from(source: &str) -> String {
    format!(
        "(SELECT r.id FROM runs r WHERE r.workspace_id = $1 AND {source}
            AND ($3 IS NULL OR r.agent_id = $3)
            AND ($4 IS NULL OR (r.connection_id = $4
                AND (r.connection_owner = $2 OR r.user_id <> $2 OR r.credentials = 'own')))
            AND ($5 IS NULL OR r.status = $5)
            AND ($6 IS NULL OR (r.started_at, r.id) < ($6, $7))
          ORDER BY r.started_at DESC, r.id DESC LIMIT $8)"
    )
}

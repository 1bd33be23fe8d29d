//! Which connection a person chose for an agent and an integration, so that they are asked once (R8).

use diesel::ExpressionMethods;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::db::schema::connection_choices;
use crate::domain::agents::AgentAction;
use crate::kernel::ids::ConnectionId;

/// Remembers the choice, in place of the one before. The right to use the connection is asked for at each call.
pub fn remember(
    conn: &mut PgConnection,
    actor: &Actor,
    action: &AgentAction,
    connection: ConnectionId,
) -> QueryResult<()> {
    let choice = (connection_choices::connection_id.eq(connection), connection_choices::chosen_at.eq(actor.at));
    diesel::insert_into(connection_choices::table)
        .values((
            connection_choices::workspace_id.eq(actor.workspace),
            connection_choices::user_id.eq(actor.user),
            connection_choices::agent_id.eq(action.agent),
            connection_choices::integration.eq(&action.integration),
            choice,
        ))
        .on_conflict((
            connection_choices::workspace_id,
            connection_choices::user_id,
            connection_choices::agent_id,
            connection_choices::integration,
        ))
        .do_update()
        .set(choice)
        .execute(conn)
        .map(drop)
}

//! The inputs of a call that waits while its caller connects, chooses or confirms (R9). They are the caller's alone, and
//! kept for an hour.

use chrono::Duration;
use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use serde_json::Value;

use crate::authz::actions::Run;
use crate::authz::proof::Authorized;
use crate::db::schema::run_drafts;
use crate::domain::agents::AgentAction;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::DraftId;

/// Keeps the input of a call.
pub fn keep(conn: &mut PgConnection, proof: &Authorized<Run, AgentAction>, input: &Value) -> QueryResult<DraftId> {
    let (actor, id) = (proof.actor(), DraftId::new());
    diesel::insert_into(run_drafts::table)
        .values((
            run_drafts::workspace_id.eq(actor.workspace),
            run_drafts::id.eq(id),
            run_drafts::user_id.eq(actor.user),
            run_drafts::agent_action_id.eq(proof.resource().id),
            run_drafts::input.eq(input),
            run_drafts::created_at.eq(actor.at),
            run_drafts::expires_at.eq(actor.at + Duration::hours(1)),
        ))
        .execute(conn)?;
    Ok(id)
}

/// The input that the actor kept for this action, if its hour is not over.
pub fn find(conn: &mut PgConnection, proof: &Authorized<Run, AgentAction>, id: DraftId) -> QueryResult<Option<Value>> {
    let actor = proof.actor();
    run_drafts::table
        .find((actor.workspace, id))
        .filter(run_drafts::user_id.eq(actor.user))
        .filter(run_drafts::agent_action_id.eq(proof.resource().id))
        .filter(run_drafts::expires_at.gt(actor.at))
        .select(run_drafts::input)
        .first(conn)
        .optional()
}

/// The same, once: the draft is gone afterwards.
pub fn take(conn: &mut PgConnection, proof: &Authorized<Run, AgentAction>, id: DraftId) -> QueryResult<Option<Value>> {
    let input = find(conn, proof, id)?;
    if input.is_some() {
        diesel::delete(run_drafts::table.find((proof.actor().workspace, id))).execute(conn)?;
    }
    Ok(input)
}

/// Removes the drafts whose hour is over. For the sweep.
pub fn sweep(conn: &mut PgConnection, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(run_drafts::table.filter(run_drafts::expires_at.le(now))).execute(conn)
}

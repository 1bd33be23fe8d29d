//! Who is told when a share of a connection comes or goes (R7): whoever gained access by it, and whoever has none left. Not
//! who did it, not the owner, and nobody who can use the connection by another way.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;
use serde_json::json;

use crate::authz::actions::Share;
use crate::authz::proof::Authorized;
use crate::domain::connections::connection::Connection;
use crate::domain::connections::shares::UNDO_WITHIN;
use crate::domain::outbox::Kind;
use crate::domain::outbox::fan_outs;
use crate::domain::outbox::fan_outs::BATCH;
use crate::domain::outbox::fan_outs::Candidate;
use crate::domain::outbox::fan_outs::FanOut;
use crate::domain::outbox::fan_outs::NewFanOut;
use crate::domain::outbox::fan_outs::Subject;
use crate::domain::people::grantee::Grantee;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ShareId;

/// Those who gain access by a share are to be told.
pub(in crate::domain::connections::shares) fn tell_of(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    share: ShareId,
    grantee: Grantee,
) -> QueryResult<()> {
    fan_outs::begin(conn, fan_out(proof, Kind::SharedWithYou, share, grantee))
}

/// Those who have no access left are to be told, once it cannot be undone any more.
pub(in crate::domain::connections::shares) fn tell_of_loss(
    conn: &mut PgConnection,
    proof: &Authorized<Share, Connection>,
    share: ShareId,
    grantee: Grantee,
) -> QueryResult<()> {
    let new = fan_out(proof, Kind::AccessRemoved, share, grantee);
    fan_outs::begin(conn, NewFanOut { due_at: proof.actor().at + UNDO_WITHIN, ..new })
}

fn fan_out(proof: &Authorized<Share, Connection>, kind: Kind, share: ShareId, grantee: Grantee) -> NewFanOut {
    let (actor, connection) = (proof.actor(), proof.resource());
    NewFanOut {
        workspace: actor.workspace,
        kind,
        subject: Subject::Connection,
        subject_id: connection.id.uuid(),
        share: share.uuid(),
        user: grantee.user(),
        group: grantee.group(),
        actor: actor.user,
        // The connection may be gone when they read of it, so the letter has its name from here.
        payload: json!({
            "connection": connection.id, "share": share, "by": actor.user, "name": connection.name,
            "integration": connection.integration,
        }),
        due_at: actor.at,
    }
}

/// The living shares that reach `b.user_id`, at time `$7`, of connection `$8`; each way is an index probe.
const REACHING: &str = "SELECT s.id, s.created_at FROM (
        SELECT * FROM connection_shares WHERE workspace_id = $1 AND connection_id = $8 AND grantee_user = b.user_id
        UNION ALL SELECT * FROM connection_shares WHERE workspace_id = $1 AND connection_id = $8 AND grantee_workspace
        UNION ALL SELECT c.* FROM group_members g JOIN connection_shares c
            ON c.workspace_id = $1 AND c.connection_id = $8 AND c.grantee_group = g.group_id
            WHERE g.workspace_id = $1 AND g.user_id = b.user_id
    ) s WHERE s.expires_at IS NULL OR s.expires_at > $7";

/// The next people whom a fan-out looks at. Told of a new share is who has no older one; of two that are made at the same
/// time, one is the older.
pub fn step(tx: &mut PgConnection, fan_out: &FanOut, now: Timestamp) -> QueryResult<Vec<Candidate>> {
    let condition = if fan_out.kind == Kind::AccessRemoved {
        format!("NOT EXISTS ({REACHING})")
    } else {
        format!(
            "EXISTS (SELECT 1 FROM connection_shares own WHERE own.workspace_id = $1 AND own.id = $10
                AND (own.expires_at IS NULL OR own.expires_at > $7)
                AND NOT EXISTS (SELECT 1 FROM ({REACHING}) r WHERE (r.created_at, r.id) < (own.created_at, own.id)))"
        )
    };
    let sql = format!(
        "SELECT b.user_id, b.user_id <> $9 AND $10 IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM connections o WHERE o.workspace_id = $1 AND o.id = $8 AND o.owner_id = b.user_id)
             AND {condition} AS is_told
         FROM ({BATCH}) b ORDER BY b.user_id"
    );
    diesel::sql_query(sql)
        .bind::<Uuid, _>(fan_out.workspace_id)
        .bind::<Nullable<Uuid>, _>(fan_out.after_user)
        .bind::<Nullable<Uuid>, _>(fan_out.grantee_user)
        .bind::<Nullable<Uuid>, _>(fan_out.grantee_group)
        .bind::<Bool, _>(fan_out.grantee_workspace == Some(true))
        .bind::<BigInt, _>(fan_outs::STEP)
        .bind::<Timestamptz, _>(now)
        .bind::<Uuid, _>(fan_out.subject_id)
        .bind::<Uuid, _>(fan_out.actor_id)
        .bind::<Uuid, _>(fan_out.share_id)
        .load(tx)
}

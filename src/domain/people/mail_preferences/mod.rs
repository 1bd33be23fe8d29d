//! Which mails a person wants from a workspace. They are looked at when a letter is written, not when its cause happens: a
//! kind that was turned off a moment ago stays off for what already waits. Mails that the person asked for, or that they
//! cannot come in without, are always sent.

pub mod links;

use std::collections::BTreeSet;

use diesel::ExpressionMethods;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;

use crate::authz::actor::Actor;
use crate::db::schema::mails_off;
use crate::domain::audit;
use crate::domain::outbox::Kind;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;

/// The kinds that the person has turned off in a workspace. A kind that a newer version knows is none here.
pub fn off(conn: &mut PgConnection, workspace: WorkspaceId, user: UserId) -> QueryResult<BTreeSet<Kind>> {
    let words: Vec<String> = mails_off::table
        .filter(mails_off::workspace_id.eq(workspace))
        .filter(mails_off::user_id.eq(user))
        .select(mails_off::kind)
        .load(conn)?;
    Ok(words.iter().filter_map(|word| word.parse().ok()).filter(|kind: &Kind| kind.is_optional()).collect())
}

/// Turns off exactly these of the kinds that can be turned off, and all others on; false if nothing changes by it.
pub fn save(conn: &mut PgConnection, actor: &Actor, wanted_off: &BTreeSet<Kind>) -> QueryResult<bool> {
    let before = off(conn, actor.workspace, actor.user)?;
    let after: BTreeSet<Kind> = wanted_off.iter().copied().filter(|kind| kind.is_optional()).collect();
    if before == after {
        return Ok(false);
    }
    let turned_on: Vec<&str> = before.difference(&after).map(|kind| kind.as_str()).collect();
    diesel::delete(
        mails_off::table
            .filter(mails_off::workspace_id.eq(actor.workspace))
            .filter(mails_off::user_id.eq(actor.user))
            .filter(mails_off::kind.eq_any(&turned_on)),
    )
    .execute(conn)?;
    for kind in after.difference(&before) {
        turn_off(conn, actor.workspace, actor.user, *kind, actor.at)?;
    }
    let event = audit::Event::new("user.mails_changed", "user", actor.user);
    audit::record(conn, actor, event.detail(serde_json::json!({ "off": after })))?;
    Ok(true)
}

/// False if it already was off, or the person is no member.
fn turn_off(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
    kind: Kind,
    now: Timestamp,
) -> QueryResult<bool> {
    let rows = diesel::insert_into(mails_off::table)
        .values((
            mails_off::workspace_id.eq(workspace),
            mails_off::user_id.eq(user),
            mails_off::kind.eq(kind),
            mails_off::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)?;
    Ok(rows == 1)
}

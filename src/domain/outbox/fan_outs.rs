//! Telling many people of one thing. Its transaction writes one row, however many they are; a job takes the row up and
//! writes their mails in steps. A step is one transaction that writes some mails and says how far it came, so a process that
//! dies in it has done nothing, and the next one goes on from there: nobody is left out, and nobody is told twice, because
//! a mail's key names the thing and the person.

use diesel::ExpressionMethods;
use diesel::OptionalExtension;
use diesel::QueryDsl;
use diesel::QueryResult;
use diesel::Queryable;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::Selectable;
use diesel::SelectableHelper;
use diesel::pg::Pg;
use diesel::pg::PgConnection;
use diesel::sql_types::Bool;
use serde_json::Value;
use uuid::Uuid;

use crate::db::schema::fan_outs;
use crate::db::schema::outbox;
use crate::domain::outbox::Kind;
use crate::domain::outbox::State;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::words;

/// How many people one step looks at.
pub const STEP: i64 = 500;

words! {
    /// What a fan-out is about.
    Subject {
        /// A connection.
        Connection = "connection",
        /// An agent.
        Agent = "agent",
    }
}

/// Something to tell many people of.
#[derive(Clone, Debug)]
pub struct NewFanOut {
    /// Where.
    pub workspace: WorkspaceId,
    /// The kind of their mails.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: Uuid,
    /// The share that came or went.
    pub share: Uuid,
    /// The person it is for, if it is for one.
    pub user: Option<UserId>,
    /// The group it is for, if it is for one; if for neither, it is for everyone.
    pub group: Option<GroupId>,
    /// Who did it, and is not told.
    pub actor: UserId,
    /// Ids and names for the letters.
    pub payload: Value,
    /// From when on.
    pub due_at: Timestamp,
}

/// A fan-out under way.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = fan_outs, check_for_backend(Pg))]
pub struct FanOut {
    /// Where.
    pub workspace_id: WorkspaceId,
    id: Uuid,
    /// The kind of its mails.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// Which one.
    pub subject_id: Uuid,
    /// The share that came or went.
    pub share_id: Uuid,
    /// The person it is for.
    pub grantee_user: Option<UserId>,
    /// The group it is for.
    pub grantee_group: Option<GroupId>,
    /// Whether it is for everyone.
    pub grantee_workspace: Option<bool>,
    /// Who did it.
    pub actor_id: UserId,
    payload: Value,
    /// The last person who was looked at.
    pub after_user: Option<UserId>,
}

/// Somebody whom a fan-out may concern.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct Candidate {
    /// The person.
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub user_id: UserId,
    /// Whether they are to be told.
    #[diesel(sql_type = Bool)]
    pub is_told: bool,
}

/// The next active members that a fan-out looks at, as `b`: workspace `$1`, after `$2`, for person `$3`, group `$4` or
/// everyone `$5`, at most `$6`.
pub const BATCH: &str = "SELECT m.user_id FROM memberships m
    WHERE m.workspace_id = $1 AND m.status = 'active' AND ($2 IS NULL OR m.user_id > $2)
      AND (m.user_id = $3 OR $5 OR m.user_id IN (
          SELECT user_id FROM group_members WHERE workspace_id = $1 AND group_id = $4))
    ORDER BY m.user_id LIMIT $6";

/// Begins one.
pub fn begin(conn: &mut PgConnection, new: NewFanOut) -> QueryResult<()> {
    let is_for_everyone = new.user.is_none() && new.group.is_none();
    diesel::insert_into(fan_outs::table)
        .values((
            fan_outs::workspace_id.eq(new.workspace),
            fan_outs::id.eq(OutboxId::new().uuid()),
            fan_outs::kind.eq(new.kind),
            fan_outs::subject.eq(new.subject),
            fan_outs::subject_id.eq(new.subject_id),
            fan_outs::share_id.eq(new.share),
            fan_outs::grantee_user.eq(new.user),
            fan_outs::grantee_group.eq(new.group),
            fan_outs::grantee_workspace.eq(is_for_everyone.then_some(true)),
            fan_outs::actor_id.eq(new.actor),
            fan_outs::payload.eq(new.payload),
            fan_outs::due_at.eq(new.due_at),
        ))
        .execute(conn)
        .map(drop)
}

/// Takes one back that has not begun.
pub fn cancel(conn: &mut PgConnection, workspace: WorkspaceId, kind: Kind, share: Uuid) -> QueryResult<()> {
    let waiting = fan_outs::table
        .filter(fan_outs::workspace_id.eq(workspace))
        .filter(fan_outs::share_id.eq(share))
        .filter(fan_outs::kind.eq(kind));
    diesel::delete(waiting).execute(conn).map(drop)
}

/// Takes up the one that has been due for longest. Its row is locked until the transaction `tx` ends: the others leave it
/// alone, and no lease is needed, because a step waits for nothing outside the database.
pub fn claim(tx: &mut PgConnection, now: Timestamp) -> QueryResult<Option<FanOut>> {
    fan_outs::table
        .filter(fan_outs::due_at.le(now))
        .filter(fan_outs::kind.eq_any(Kind::ALL))
        .order(fan_outs::due_at)
        .select(FanOut::as_select())
        .for_update()
        .skip_locked()
        .first(tx)
        .optional()
}

/// Writes the mails of a step's people, and how far it came: past the last of them, or to the end.
pub fn advance(tx: &mut PgConnection, fan_out: &FanOut, step: &[Candidate], now: Timestamp) -> QueryResult<()> {
    let mails: Vec<_> = step
        .iter()
        .filter(|candidate| candidate.is_told)
        .map(|candidate| {
            (
                outbox::id.eq(OutboxId::new()),
                outbox::workspace_id.eq(Some(fan_out.workspace_id)),
                outbox::user_id.eq(candidate.user_id),
                outbox::kind.eq(fan_out.kind),
                outbox::dedupe_key.eq(fan_out.dedupe_key(candidate.user_id)),
                outbox::payload.eq(&fan_out.payload),
                outbox::state.eq(State::Pending),
                outbox::attempts.eq(0),
                outbox::next_at.eq(now),
                outbox::created_at.eq(now),
            )
        })
        .collect();
    if !mails.is_empty() {
        // A mail that was not sent because its share was away for a moment is sent when the share is back.
        let sent_again = diesel::insert_into(outbox::table)
            .values(mails)
            .on_conflict(outbox::dedupe_key)
            .do_update()
            .set((outbox::state.eq(State::Pending), outbox::next_at.eq(now)));
        diesel::query_dsl::methods::FilterDsl::filter(sent_again, outbox::state.eq(State::Obsolete)).execute(tx)?;
    }
    let row = fan_outs::table.find((fan_out.workspace_id, fan_out.id));
    let is_last = i64::try_from(step.len()).unwrap_or(i64::MAX) < STEP;
    match step.last() {
        Some(last) if !is_last => {
            diesel::update(row).set(fan_outs::after_user.eq(Some(last.user_id))).execute(tx).map(drop)
        }
        Some(_) | None => diesel::delete(row).execute(tx).map(drop),
    }
}

impl FanOut {
    /// What comes is told once for each share, what goes each time that it goes.
    fn dedupe_key(&self, user: UserId) -> String {
        let thing = if self.kind == Kind::AccessRemoved { self.id } else { self.share_id };
        format!("{}:{thing}:{user}", self.kind)
    }
}

/// Whether a person's mail about a share was not sent because the share was gone again: there is no loss to tell of either.
pub fn was_never_told(conn: &mut PgConnection, share: Uuid, user: UserId) -> QueryResult<bool> {
    let key = format!("{}:{share}:{user}", Kind::SharedWithYou);
    let row = outbox::table.filter(outbox::dedupe_key.eq(key)).filter(outbox::state.eq(State::Obsolete));
    diesel::select(diesel::dsl::exists(row)).get_result(conn)
}

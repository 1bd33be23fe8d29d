//! The outbox as an admin of a workspace sees it: to whom, what about, how far it is and why it did not arrive. What a mail
//! says is not among it: letters are written when they are sent and kept nowhere. Mails about no workspace (a forgotten
//! password) are nobody's business here.

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Integer;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actions::ManageMail;
use crate::authz::proof::Authorized;
use crate::domain::audit;
use crate::domain::outbox::State;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::OutboxId;
use crate::kernel::ids::UserId;
use crate::kernel::ids::WorkspaceId;
use crate::kernel::paging::Listed;
use crate::kernel::paging::Page;
use crate::words;

words! {
    /// How far a mail is, as an admin thinks of it.
    Progress {
        /// Nobody has tried yet, or the next try is still to come.
        Waiting = "waiting",
        /// The mail server took it.
        Sent = "sent",
        /// Given up.
        Failed = "failed",
        /// Not needed any more, or not wanted: its cause went away, or its reader turned the kind off.
        Dropped = "dropped",
    }
}

impl Progress {
    fn state(self) -> State {
        match self {
            Self::Waiting => State::Pending,
            Self::Sent => State::Sent,
            Self::Failed => State::Dead,
            Self::Dropped => State::Obsolete,
        }
    }

    fn of(state: State) -> Self {
        match state {
            State::Pending => Self::Waiting,
            State::Sent => Self::Sent,
            State::Dead => Self::Failed,
            State::Obsolete => Self::Dropped,
        }
    }
}

/// A mail, as an admin sees it.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Its id; its `Message-ID` begins with it.
    pub id: OutboxId,
    /// What it is about. A word, because a newer version may have put it there.
    pub kind: String,
    /// Whom it is for.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// Where it goes.
    pub email: String,
    /// How far it is.
    pub progress: Progress,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next, if it waits.
    pub next_at: Option<Timestamp>,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When its cause happened.
    pub created_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    id: OutboxId,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    state: State,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Timestamptz)]
    next_at: Timestamp,
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: Timestamp,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    sent_at: Option<Timestamp>,
}

impl Row {
    fn posted(self) -> Posted {
        Posted {
            id: self.id,
            kind: self.kind,
            user: self.user_id,
            name: self.name,
            email: self.email,
            progress: Progress::of(self.state),
            attempts: self.attempts,
            next_at: (self.state == State::Pending).then_some(self.next_at),
            error: self.last_error,
            created_at: self.created_at,
            sent_at: self.sent_at,
        }
    }
}

const COLUMNS: &str = "o.id, o.kind, o.user_id, u.name, u.email, o.state, o.attempts, o.next_at, o.last_error, \
                       o.created_at, o.sent_at FROM outbox o JOIN users u ON u.id = o.user_id";

/// A page of the workspace's mails, the newest first.
pub fn list<R>(
    conn: &mut PgConnection,
    proof: &Authorized<ManageMail, R>,
    progress: Option<Progress>,
    page: &Page,
) -> QueryResult<Listed<Posted>> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE o.workspace_id = $1 AND ($2 IS NULL OR o.state = $2)
           AND ($3 IS NULL OR (o.created_at, o.id) < ($3, $4))
         ORDER BY o.created_at DESC, o.id DESC LIMIT $5"
    );
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Uuid, _>(proof.actor().workspace)
        .bind::<Nullable<Text>, _>(progress.map(|progress| progress.state().as_str()))
        .bind::<Nullable<Timestamptz>, _>(page.after.map(|cursor| cursor.at))
        .bind::<Nullable<Uuid>, _>(page.after.map(|cursor| cursor.id))
        .bind::<BigInt, _>(page.fetch())
        .load(conn)?;
    let listed = Listed::cut(rows, page, |row| (row.created_at, row.id.uuid()));
    Ok(listed.map(Row::posted))
}

fn find(conn: &mut PgConnection, workspace: WorkspaceId, id: OutboxId) -> QueryResult<Option<Posted>> {
    let row: Option<Row> = diesel::sql_query(format!("SELECT {COLUMNS} WHERE o.workspace_id = $1 AND o.id = $2"))
        .bind::<Uuid, _>(workspace)
        .bind::<Uuid, _>(id)
        .get_result(conn)
        .optional()?;
    Ok(row.map(Row::posted))
}

/// What became of the wish to send a mail again.
#[derive(Clone, Debug)]
pub enum Retry {
    /// It is sent as soon as somebody has time.
    Due(Posted),
    /// It was sent, or is not needed any more: there is nothing to send.
    Settled(Posted),
    /// The workspace has no such mail.
    Unknown,
}

/// Sends a mail again that was given up, or now what would wait for its next try. Its tries begin anew; its `Message-ID`
/// stays. What is being sent at this moment is left to whoever sends it.
pub fn retry<R>(conn: &mut PgConnection, proof: &Authorized<ManageMail, R>, id: OutboxId) -> QueryResult<Retry> {
    let actor = proof.actor();
    let changed = diesel::sql_query(
        "UPDATE outbox SET state = 'pending', attempts = 0, next_at = $3, lease_id = NULL, lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND state = ANY ($4) AND (lease_until IS NULL OR lease_until <= $3)",
    )
    .bind::<Uuid, _>(actor.workspace)
    .bind::<Uuid, _>(id)
    .bind::<Timestamptz, _>(actor.at)
    .bind::<Array<Text>, _>([State::Pending.as_str(), State::Dead.as_str()].as_slice())
    .execute(conn)?;
    let Some(posted) = find(conn, actor.workspace, id)? else { return Ok(Retry::Unknown) };
    if changed == 0 {
        let is_under_way = posted.progress == Progress::Waiting;
        return Ok(if is_under_way { Retry::Due(posted) } else { Retry::Settled(posted) });
    }
    let detail = serde_json::json!({ "kind": posted.kind, "to": posted.user });
    audit::record(conn, actor, audit::Event::new("mail.retried", "mail", id).detail(detail))?;
    Ok(Retry::Due(posted))
}

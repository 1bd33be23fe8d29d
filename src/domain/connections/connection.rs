//! One connection, as one actor sees it.

use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::authz::actor::Actor;
use crate::authz::facts::AuthType;
use crate::authz::facts::ConnectionFacts;
use crate::authz::facts::ShareAccess;
use crate::authz::proof::Guarded;
use crate::kernel::clock::Timestamp;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::UserId;
use crate::words;

words! {
    /// Whether a connection works, and if not, what it waits for.
    ConnectionStatus {
        /// It works, as far as is known.
        Active = "active",
        /// Its grant is dead; the owner reconnects.
        NeedsReconnect = "needs_reconnect",
        /// The integration's OAuth client is not accepted; an admin mends it.
        Misconfigured = "misconfigured",
        /// Its owner left; an admin adopts it.
        Suspended = "suspended",
        /// Its owner or an admin switched it off.
        Disabled = "disabled",
    }
}

/// A connection, seen by one actor.
#[derive(Clone, Debug, QueryableByName)]
pub struct Connection {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: ConnectionId,
    /// Whose it is.
    #[diesel(sql_type = Uuid)]
    pub owner: UserId,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// The integration's key.
    #[diesel(sql_type = Text)]
    pub integration: String,
    /// How it authenticates.
    #[diesel(sql_type = Text)]
    pub auth_type: AuthType,
    /// What its owner called it.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether it works.
    #[diesel(sql_type = Text)]
    pub status: ConnectionStatus,
    /// Why not, in words for people.
    #[diesel(sql_type = Nullable<Text>)]
    pub status_reason: Option<String>,
    /// The account behind it, as the provider names it.
    #[diesel(sql_type = Nullable<Text>)]
    pub account: Option<String>,
    /// The scopes that were granted.
    #[diesel(sql_type = Array<Text>)]
    pub scopes: Vec<String>,
    /// The name that it has in its provider's addresses, where each connection has one of its own.
    #[diesel(sql_type = Nullable<Text>)]
    pub tenant: Option<String>,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: Timestamp,
    /// When it was used last, to the minute.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<Timestamp>,
    /// Whether the actor owns it.
    #[diesel(sql_type = Bool)]
    pub is_owner: bool,
    /// The most that a living share gives the actor.
    #[diesel(sql_type = Nullable<Text>)]
    pub shared: Option<ShareAccess>,
    /// When the last of these shares ends; never, if one has no end.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub shared_until: Option<Timestamp>,
}

/// The columns of [`Connection`] from [`FROM`], for workspace `$1`, user `$2` and time `$3`.
pub(in crate::domain::connections) const COLUMNS: &str =
    "c.id, c.owner_id AS owner, u.name AS owner_name, c.integration, c.auth_type, c.name, c.status, c.status_reason,
    c.account, c.scopes, c.tenant, c.created_at, c.last_used_at, c.owner_id = $2 AS is_owner, h.shared, h.shared_until";

/// Each connection with its owner and with what living shares give the user. Each way to a share is an index probe of its
/// own, so that a widely shared connection costs no more than a private one.
pub(in crate::domain::connections) const FROM: &str = "connections c JOIN users u ON u.id = c.owner_id
    LEFT JOIN LATERAL (
        SELECT min(s.access) AS shared,
               CASE WHEN bool_or(s.expires_at IS NULL) THEN NULL ELSE max(s.expires_at) END AS shared_until
        FROM (
            SELECT access, expires_at FROM connection_shares
                WHERE workspace_id = $1 AND connection_id = c.id AND grantee_user = $2
            UNION ALL SELECT access, expires_at FROM connection_shares
                WHERE workspace_id = $1 AND connection_id = c.id AND grantee_workspace
            UNION ALL SELECT g.access, g.expires_at FROM group_members m JOIN connection_shares g
                ON g.workspace_id = $1 AND g.connection_id = c.id AND g.grantee_group = m.group_id
                WHERE m.workspace_id = $1 AND m.user_id = $2
        ) s WHERE s.expires_at IS NULL OR s.expires_at > $3
    ) h ON c.auth_type <> 'oauth'";

/// The connections that a living share gives the user: where lists of what is shared begin.
pub(in crate::domain::connections) const REACHED: &str = "SELECT connection_id FROM connection_shares
        WHERE workspace_id = $1 AND grantee_user = $2 AND (expires_at IS NULL OR expires_at > $3)
    UNION ALL SELECT g.connection_id FROM group_members m JOIN connection_shares g
        ON g.workspace_id = $1 AND g.grantee_group = m.group_id AND (g.expires_at IS NULL OR g.expires_at > $3)
        WHERE m.workspace_id = $1 AND m.user_id = $2
    UNION ALL SELECT connection_id FROM connection_shares
        WHERE workspace_id = $1 AND grantee_workspace AND (expires_at IS NULL OR expires_at > $3)";

impl Connection {
    /// What is shown of another person's OAuth connection to an admin: integration, owner and state (R1).
    #[must_use]
    pub fn as_seen_by(mut self, actor: &Actor) -> Self {
        if self.auth_type == AuthType::Oauth && self.owner != actor.user {
            self.account = None;
            self.name = format!("{}’s connection", self.owner_name);
            self.scopes = Vec::new();
            self.tenant = None;
            self.last_used_at = None;
        }
        self
    }
}

impl Guarded for Connection {
    type Key = ConnectionId;
    type Facts = ConnectionFacts;

    fn load(conn: &mut PgConnection, actor: &Actor, key: &ConnectionId) -> QueryResult<Option<Self>> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE c.workspace_id = $1 AND c.id = $4");
        let found: Option<Self> = diesel::sql_query(sql)
            .bind::<Uuid, _>(actor.workspace)
            .bind::<Uuid, _>(actor.user)
            .bind::<Timestamptz, _>(actor.at)
            .bind::<Uuid, _>(*key)
            .get_result(conn)
            .optional()?;
        Ok(found.map(|connection| connection.as_seen_by(actor)))
    }

    fn facts(&self) -> ConnectionFacts {
        ConnectionFacts { is_owner: self.is_owner, auth_type: self.auth_type, shared: self.shared }
    }
}

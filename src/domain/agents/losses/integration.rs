//! Who loses an integration, or single actions of it, with a change that an admin has not made yet: people with no other
//! way to it, the agents on which they run its actions, and their own connections, which stay and wait.

use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::Pg;
use diesel::pg::PgConnection;
use diesel::query_builder::BoxedSqlQuery;
use diesel::query_builder::SqlQuery;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Bool;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Uuid;

use crate::authz::actions::Configure;
use crate::authz::facts::AuthType;
use crate::authz::proof::Authorized;
use crate::domain::agents::access::agent_share;
use crate::domain::integrations::access::Access;
use crate::domain::integrations::access::Audience;
use crate::domain::integrations::access::Scope;
use crate::domain::integrations::access::Switch;
use crate::domain::integrations::integration::Integration;
use crate::kernel::ids::AgentId;
use crate::kernel::ids::ConnectionId;
use crate::kernel::ids::GroupId;
use crate::kernel::ids::UserId;

/// How many agents and how many connections are named; beyond that they are counted.
pub const NAMED_AT_MOST: i64 = 50;

/// Who loses the whole, or one action.
#[derive(Clone, Debug)]
pub struct ScopeLoss {
    /// What they lose.
    pub scope: Scope,
    /// How many.
    pub people: i64,
    /// The first of their names.
    pub names: Vec<String>,
}

/// An agent with actions that somebody cannot run any more.
#[derive(Clone, Debug, QueryableByName)]
pub struct LosingAgent {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: AgentId,
    /// Its name. Not for whoever may not see the agent.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// Whether the actor may see it.
    #[diesel(sql_type = Bool)]
    pub is_visible: bool,
    /// How many of its actions are meant.
    #[diesel(sql_type = BigInt)]
    pub actions: i64,
    /// How many people lose one of them.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// How many such agents there are.
    #[diesel(sql_type = BigInt)]
    pub in_all: i64,
}

/// A connection whose owner cannot use it any more.
#[derive(Clone, Debug, QueryableByName)]
pub struct WaitingConnection {
    /// Its id.
    #[diesel(sql_type = Uuid)]
    pub id: ConnectionId,
    /// What its owner called it; not told of a sign-in (R1).
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// How it authenticates.
    #[diesel(sql_type = Text)]
    pub auth_type: AuthType,
    /// The owner's name.
    #[diesel(sql_type = Text)]
    pub owner_name: String,
    /// How many such connections there are.
    #[diesel(sql_type = BigInt)]
    pub in_all: i64,
}

/// Connections of people who are no admins, made in a way that is now kept for admins.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub struct ReservedConnections {
    /// The way.
    #[diesel(sql_type = Text)]
    pub auth_type: AuthType,
    /// How many there are: they work on as they are.
    #[diesel(sql_type = BigInt)]
    pub connections: i64,
}

/// What goes with a change of access.
#[derive(Clone, Debug, Default)]
pub struct AccessLosses {
    /// How many people lose something, each counted once.
    pub people: i64,
    /// What they lose: the whole first, then actions by key.
    pub scopes: Vec<ScopeLoss>,
    /// The first of the agents, by name.
    pub agents: Vec<LosingAgent>,
    /// How many agents there are.
    pub agents_in_all: i64,
    /// The first of the connections.
    pub connections: Vec<WaitingConnection>,
    /// How many there are.
    pub connections_in_all: i64,
    /// Which connections can no longer be renewed by their owners.
    pub reserved: Vec<ReservedConnections>,
}

impl AccessLosses {
    /// Whether nobody loses anything.
    pub fn is_empty(&self) -> bool {
        self.people == 0 && self.reserved.is_empty()
    }
}

/// Who has what before, by the tables, and after, by what is bound; and from that who loses what: `''` is the whole. Admins
/// lose nothing.
const LOST: &str = "WITH wanted AS (
    SELECT * FROM unnest($7, $8, $9) AS w(action, grantee_user, grantee_group)),
before_set AS (
    SELECT g.action, g.grantee_user AS user_id FROM integration_grants g
        WHERE g.workspace_id = $1 AND g.integration = $2 AND g.grantee_user IS NOT NULL
    UNION SELECT g.action, y.user_id FROM integration_grants g
        JOIN group_members y ON y.workspace_id = g.workspace_id AND y.group_id = g.grantee_group
        WHERE g.workspace_id = $1 AND g.integration = $2),
after_set AS (
    SELECT w.action, w.grantee_user AS user_id FROM wanted w WHERE w.grantee_user IS NOT NULL
    UNION SELECT w.action, y.user_id FROM wanted w
        JOIN group_members y ON y.workspace_id = $1 AND y.group_id = w.grantee_group),
people AS (
    SELECT m.user_id, u.name,
        $3 AND ($4 OR m.user_id IN (SELECT b.user_id FROM before_set b WHERE b.action = '')) AS had,
        $5 AND ($6 OR m.user_id IN (SELECT a.user_id FROM after_set a WHERE a.action = '')) AS has
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.workspace_id = $1 AND m.status = 'active' AND m.role <> 'admin'),
lost AS (
    SELECT '' AS action, user_id, name FROM people WHERE had AND NOT has
    UNION ALL
    SELECT k.action, p.user_id, p.name FROM people p CROSS JOIN unnest($10, $11) AS k(action, was_restricted)
    WHERE p.had AND p.has
      AND (NOT k.was_restricted OR EXISTS (
          SELECT 1 FROM before_set b WHERE b.action = k.action AND b.user_id = p.user_id))
      AND NOT EXISTS (SELECT 1 FROM after_set a WHERE a.action = k.action AND a.user_id = p.user_id))";

/// What goes when access is no longer `before` but `after`.
pub fn losses(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    before: &Access,
    after: &Access,
) -> QueryResult<AccessLosses> {
    let mut losses = AccessLosses { reserved: reserved(conn, proof, before, after)?, ..AccessLosses::default() };
    if (before.switch, &before.audience, &before.actions) == (after.switch, &after.audience, &after.actions) {
        return Ok(losses);
    }
    let change = Change { proof, before, after };
    for row in change.people(conn)? {
        losses.people = row.in_all;
        losses.scopes.push(ScopeLoss { scope: Scope::of(&row.action), people: row.people, names: row.names });
    }
    if losses.people > 0 {
        losses.agents = change.agents(conn)?;
        losses.agents_in_all = losses.agents.first().map_or(0, |agent| agent.in_all);
        losses.connections = change.connections(conn)?;
        losses.connections_in_all = losses.connections.first().map_or(0, |connection| connection.in_all);
    }
    Ok(losses)
}

#[derive(QueryableByName)]
struct PeopleRow {
    #[diesel(sql_type = Text)]
    action: String,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = Array<Text>)]
    names: Vec<String>,
    #[diesel(sql_type = BigInt)]
    in_all: i64,
}

struct Change<'a> {
    proof: &'a Authorized<Configure, Integration>,
    before: &'a Access,
    after: &'a Access,
}

impl Change<'_> {
    fn people(&self, conn: &mut PgConnection) -> QueryResult<Vec<PeopleRow>> {
        let sql = format!(
            "{LOST} SELECT l.action, count(*) AS people, (array_agg(l.name ORDER BY l.name, l.user_id))[1:5] AS names,
                 (SELECT count(DISTINCT user_id) FROM lost) AS in_all
             FROM lost l GROUP BY l.action ORDER BY l.action"
        );
        self.bound(sql).load(conn)
    }

    /// Who may use an agent is its owner and whomever its shares reach.
    fn agents(&self, conn: &mut PgConnection) -> QueryResult<Vec<LosingAgent>> {
        let seen = agent_share!("$1", "a.id", "$12");
        let sql = format!(
            "{LOST}, touched AS (
                 SELECT aa.agent_id, aa.id, aa.action FROM agent_actions aa
                 WHERE aa.workspace_id = $1 AND aa.integration = $2
                   AND ('' IN (SELECT action FROM lost) OR aa.action IN (SELECT action FROM lost))),
             reach AS (
                 SELECT a.id AS agent_id, a.owner_id AS user_id FROM agents a
                     WHERE a.workspace_id = $1 AND a.id IN (SELECT agent_id FROM touched)
                 UNION SELECT s.agent_id, s.grantee_user FROM agent_shares s
                     WHERE s.workspace_id = $1 AND s.agent_id IN (SELECT agent_id FROM touched)
                       AND s.grantee_user IS NOT NULL
                 UNION SELECT s.agent_id, y.user_id FROM agent_shares s
                     JOIN group_members y ON y.workspace_id = $1 AND y.group_id = s.grantee_group
                     WHERE s.workspace_id = $1 AND s.agent_id IN (SELECT agent_id FROM touched)
                 UNION SELECT s.agent_id, l.user_id FROM agent_shares s CROSS JOIN lost l
                     WHERE s.workspace_id = $1 AND s.agent_id IN (SELECT agent_id FROM touched)
                       AND s.grantee_workspace),
             hit AS (
                 SELECT t.agent_id, count(DISTINCT t.id) AS actions, count(DISTINCT l.user_id) AS people
                 FROM touched t JOIN reach r ON r.agent_id = t.agent_id
                 JOIN lost l ON l.user_id = r.user_id AND l.action IN ('', t.action) GROUP BY t.agent_id)
             SELECT a.id, a.name, u.name AS owner_name, a.owner_id = $12 OR {seen} IS NOT NULL AS is_visible,
                 h.actions, h.people, count(*) OVER () AS in_all
             FROM hit h JOIN agents a ON a.workspace_id = $1 AND a.id = h.agent_id JOIN users u ON u.id = a.owner_id
             ORDER BY a.name, a.id LIMIT $13"
        );
        self.bound(sql).bind::<Uuid, UserId>(self.proof.actor().user).bind::<BigInt, _>(NAMED_AT_MOST).load(conn)
    }

    fn connections(&self, conn: &mut PgConnection) -> QueryResult<Vec<WaitingConnection>> {
        let sql = format!(
            "{LOST} SELECT c.id, CASE WHEN c.auth_type <> 'oauth' THEN c.name END AS name, c.auth_type,
                 l.name AS owner_name, count(*) OVER () AS in_all
             FROM lost l JOIN connections c ON c.workspace_id = $1 AND c.owner_id = l.user_id AND c.integration = $2
             WHERE l.action = '' ORDER BY l.name, c.id LIMIT $12"
        );
        self.bound(sql).bind::<BigInt, _>(NAMED_AT_MOST).load(conn)
    }

    /// The values of [`LOST`].
    fn bound(&self, sql: String) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let (mut actions, mut users, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let mut want = |action: &str, user: Option<UserId>, group: Option<GroupId>| {
            actions.push(action.to_owned());
            users.push(user);
            groups.push(group);
        };
        let audiences = self.after.actions.iter().map(|(key, audience)| (key.as_str(), audience));
        for (action, audience) in audiences.chain([("", &self.after.audience)]) {
            audience.users().iter().for_each(|user| want(action, Some(*user), None));
            audience.groups().iter().for_each(|group| want(action, None, Some(*group)));
        }
        let changed =
            self.after.actions.iter().filter(|(key, audience)| self.before.actions.get(*key) != Some(audience));
        let (keys, were_restricted): (Vec<String>, Vec<bool>) =
            changed.map(|(key, _)| (key.clone(), self.before.actions.contains_key(key))).unzip();
        diesel::sql_query(sql)
            .into_boxed::<Pg>()
            .bind::<Uuid, _>(self.proof.actor().workspace)
            .bind::<Text, _>(self.proof.resource().key.clone())
            .bind::<Bool, _>(self.before.switch == Switch::On)
            .bind::<Bool, _>(self.before.audience == Audience::Everyone)
            .bind::<Bool, _>(self.after.switch == Switch::On)
            .bind::<Bool, _>(self.after.audience == Audience::Everyone)
            .bind::<Array<Text>, _>(actions)
            .bind::<Array<Nullable<Uuid>>, _>(users)
            .bind::<Array<Nullable<Uuid>>, _>(groups)
            .bind::<Array<Text>, _>(keys)
            .bind::<Array<Bool>, _>(were_restricted)
    }
}

fn reserved(
    conn: &mut PgConnection,
    proof: &Authorized<Configure, Integration>,
    before: &Access,
    after: &Access,
) -> QueryResult<Vec<ReservedConnections>> {
    let new: Vec<AuthType> = after.reserved.difference(&before.reserved).copied().collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    diesel::sql_query(
        "SELECT c.auth_type, count(*) AS connections FROM connections c
         JOIN memberships m ON m.workspace_id = c.workspace_id AND m.user_id = c.owner_id
             AND m.status = 'active' AND m.role <> 'admin'
         WHERE c.workspace_id = $1 AND c.integration = $2 AND c.auth_type = ANY ($3)
         GROUP BY c.auth_type ORDER BY c.auth_type",
    )
    .bind::<Uuid, _>(proof.actor().workspace)
    .bind::<Text, _>(&proof.resource().key)
    .bind::<Array<Text>, _>(new)
    .load(conn)
}

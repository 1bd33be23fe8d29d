//! A workspace of any size, made by a handful of statements. The benchmark of scale fills with it too.

use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use uuid::Uuid;

/// How many of each there are.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) members: u32,
    pub(crate) groups: u32,
    pub(crate) connections: u32,
}

pub(crate) const SMALL: Size = Size { members: 100, groups: 10, connections: 200 };
pub(crate) const LARGE: Size = Size { members: 10_000, groups: 1_000, connections: 20_000 };

/// Fills a workspace, `acme`. Everybody is in one group, owns two connections and an agent with an action of each kind; some
/// are shared with everyone, with a group or with a person. One member, `max`, has as much in a small workspace as in a
/// large one: it is for them that things are asked.
pub(crate) fn fill(conn: &mut PgConnection, acme: Uuid, max: Uuid, size: Size) -> QueryResult<()> {
    let Size { members, groups, connections } = size;
    let (user, group, connection) = (id(1, "n"), id(2, "n"), id(3, "n"));
    let (owner, shared_group, receiver) =
        (id(1, &format!("n % {members}")), id(2, &format!("n % {groups}")), id(1, &format!("(n * 7) % {members}")));
    conn.batch_execute(&format!(
        "INSERT INTO users (id, email, name, created_at)
            SELECT {user}, 'person' || n || '@acme.example', 'Person ' || n, now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO memberships (workspace_id, user_id, role, status, created_at)
            SELECT '{acme}', {user}, 'member', 'active', now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO groups (workspace_id, id, name, created_at)
            SELECT '{acme}', {group}, 'Group ' || n, now() FROM generate_series(0, {groups} - 1) n;
         INSERT INTO group_members (workspace_id, group_id, user_id, created_at)
            SELECT '{acme}', {shared_group}, {user}, now() FROM generate_series(0, {members} - 1) n;
         INSERT INTO group_members (workspace_id, group_id, user_id, created_at)
            SELECT '{acme}', {group}, '{max}', now() FROM generate_series(0, 4) n;
         INSERT INTO connections (workspace_id, id, owner_id, integration, auth_type, name, status, scopes, origins,
                token_version, client_generation, created_at)
            SELECT '{acme}', {connection}, CASE WHEN n < 5 THEN '{max}'::uuid ELSE {owner} END,
                (ARRAY['slack', 'github', 'stripe', 'openai'])[n % 4 + 1], 'api_key', 'Key ' || n, 'active', '{{}}',
                '{{https://api.example.com}}', 1, 0, now() - n * interval '1 second'
            FROM generate_series(0, {connections} - 1) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_group, access, created_by,
                created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', {shared_group}, 'use', '{max}', now()
            FROM generate_series(0, {connections} - 1, 2) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_user, access, created_by,
                created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', {receiver}, 'use', '{max}', now()
            FROM generate_series(1, {connections} - 1, 2) n;
         INSERT INTO connection_shares (workspace_id, id, connection_id, connection_auth, grantee_workspace, access,
                created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {connection}, 'api_key', true, 'use', '{max}', now()
            FROM generate_series(10, 19) n"
    ))?;
    fill_agents(conn, acme, max, size)
}

/// The agents, and what ran.
fn fill_agents(conn: &mut PgConnection, acme: Uuid, max: Uuid, size: Size) -> QueryResult<()> {
    let Size { members, groups, connections } = size;
    let (user, connection, agent, own, lent) = (id(1, "n"), id(3, "n"), id(4, "n"), id(5, "n"), id(6, "n"));
    let (owner, shared_group) = (id(1, &format!("n % {members}")), id(2, &format!("n % {groups}")));
    conn.batch_execute(&format!(
        "INSERT INTO agents (workspace_id, id, owner_id, name, description, instructions, enabled, created_at, updated_at)
            SELECT '{acme}', {agent}, {user}, 'Agent ' || n, '', '', true, now() - n * interval '1 second', now()
            FROM generate_series(0, {members} - 1) n;
         INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_group, access, created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {agent}, {shared_group}, 'use', '{max}', now()
            FROM generate_series(0, {members} - 1) n;
         INSERT INTO agent_shares (workspace_id, id, agent_id, grantee_workspace, access, created_by, created_at)
            SELECT '{acme}', gen_random_uuid(), {agent}, true, 'use', '{max}', now() FROM generate_series(5, 9) n;
         INSERT INTO agent_actions (workspace_id, id, agent_id, integration, action, credentials, requires_confirmation,
                created_at)
            SELECT '{acme}'::uuid, {own}, {agent}, 'slack', 'x', 'own', false, now() FROM generate_series(0, {members} - 1) n
            UNION ALL SELECT '{acme}'::uuid, {lent}, {agent}, 'slack', 'y', 'preselected', false, now()
            FROM generate_series(0, {members} - 1) n;
         INSERT INTO bindings (workspace_id, agent_action_id, connection_id, connection_auth, connection_owner, attached_by,
                attached_at, approved_fingerprint)
            SELECT '{acme}'::uuid, {lent}, c.id, c.auth_type, c.owner_id, '{max}'::uuid, now(), '\\x00'::bytea
            FROM generate_series(0, {members} - 1) n JOIN connections c ON c.workspace_id = '{acme}'::uuid AND c.id = {connection};
         INSERT INTO runs (workspace_id, id, user_id, agent_id, agent_action_id, integration, action, effect, credentials,
                connection_id, connection_owner, status, input, response_cut, started_at, deadline_at, finished_at)
            SELECT '{acme}', gen_random_uuid(), CASE WHEN n < 100 THEN '{max}'::uuid ELSE {owner} END, {agent}, {agent},
                'slack', 'x', 'read', 'own', {connection}, {owner}, 'succeeded', '{{}}', false,
                now() - n * interval '1 minute', now(), now()
            FROM generate_series(0, {connections} - 1) n;
         ANALYZE;"
    ))
}

/// The id of the n-th thing of a kind, as an expression.
fn id(kind: u32, number: &str) -> String {
    format!("('{kind:08x}-0000-4000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

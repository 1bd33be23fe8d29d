-- People: who signs in, in which workspace, as what. Keys start with workspace_id wherever a row belongs to one.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    name text NOT NULL,
    password_hash text,
    created_at timestamptz NOT NULL,
    CONSTRAINT users_email_taken UNIQUE (email),
    CONSTRAINT users_email_is_lower_case CHECK (email = lower(email))
);

-- D-50: the cookie holds 256 random bits, this table their SHA-256.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    key_hash bytea NOT NULL,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    state jsonb NOT NULL,
    ip text,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_key_hash_taken UNIQUE (key_hash)
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE one_time_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CONSTRAINT one_time_links_purpose CHECK (purpose IN ('set_password', 'reset_password', 'sign_in')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX one_time_links_by_user ON one_time_links (user_id);

-- D-57: failures only; counted per account and per address.
CREATE TABLE throttles (
    bucket text PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    blocked_until timestamptz
);

CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT workspaces_slug_taken UNIQUE (slug)
);

CREATE TABLE memberships (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT memberships_role CHECK (role IN ('admin', 'editor', 'member')),
    status text NOT NULL CONSTRAINT memberships_status CHECK (status IN ('active', 'deactivated')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX memberships_by_user ON memberships (user_id);

CREATE TABLE groups (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT groups_name_taken UNIQUE (workspace_id, name)
);

CREATE TABLE group_members (
    workspace_id uuid NOT NULL,
    group_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, group_id, user_id),
    FOREIGN KEY (workspace_id, group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX group_members_by_user ON group_members (workspace_id, user_id);

-- Admins hold every permission without a row; see authz.
CREATE TABLE role_permissions (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT role_permissions_role CHECK (role IN ('editor', 'member')),
    permission text NOT NULL,
    PRIMARY KEY (workspace_id, role, permission)
);

CREATE TABLE api_tokens (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT api_tokens_hash_taken UNIQUE (token_hash),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX api_tokens_by_user ON api_tokens (workspace_id, user_id);

CREATE TABLE audit_events (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    via text NOT NULL CONSTRAINT audit_events_via CHECK (via IN ('page', 'token', 'command', 'system')),
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    connection_id uuid,
    detail jsonb NOT NULL,
    ip text,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX audit_events_by_time ON audit_events (workspace_id, at DESC, id DESC);

-- R-10: mails, written in the transaction that caused them.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL,
    dedupe_key text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL CONSTRAINT outbox_state CHECK (state IN ('pending', 'sent', 'dead', 'obsolete')),
    attempts integer NOT NULL,
    next_at timestamptz NOT NULL,
    lease_id uuid,
    lease_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    CONSTRAINT outbox_said_once UNIQUE (dedupe_key)
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state = 'pending';

CREATE TABLE keks (
    kek_id text PRIMARY KEY,
    check_value bytea NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE workspace_keys (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    kek_id text NOT NULL REFERENCES keks,
    wrapped bytea NOT NULL,
    wraps bigint NOT NULL CONSTRAINT workspace_keys_wraps_bounded CHECK (wraps < 2147483648),
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX workspace_keys_one_active ON workspace_keys (workspace_id) WHERE active;

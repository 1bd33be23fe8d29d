-- Agents, their actions and bindings, and what ran.

CREATE TABLE agents (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    instructions text NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES memberships (workspace_id, user_id)
);
CREATE INDEX agents_by_time ON agents (workspace_id, created_at DESC, id DESC);
CREATE INDEX agents_by_owner ON agents (workspace_id, owner_id);

CREATE TABLE agent_shares (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    grantee_user uuid,
    grantee_group uuid,
    grantee_workspace boolean CONSTRAINT agent_shares_workspace CHECK (grantee_workspace IS NULL OR grantee_workspace),
    access text NOT NULL CONSTRAINT agent_shares_access CHECK (access IN ('use', 'edit')),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT agent_shares_one_grantee CHECK (num_nonnulls(grantee_user, grantee_group, grantee_workspace) = 1),
    CONSTRAINT agent_shares_user_once UNIQUE (workspace_id, agent_id, grantee_user),
    CONSTRAINT agent_shares_group_once UNIQUE (workspace_id, agent_id, grantee_group),
    CONSTRAINT agent_shares_workspace_once UNIQUE (workspace_id, agent_id, grantee_workspace),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_user) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_group) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX agent_shares_by_user ON agent_shares (workspace_id, grantee_user);
CREATE INDEX agent_shares_by_group ON agent_shares (workspace_id, grantee_group);
CREATE INDEX agent_shares_with_everyone ON agent_shares (workspace_id, agent_id) WHERE grantee_workspace;

CREATE TABLE agent_actions (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    integration text NOT NULL,
    action text NOT NULL,
    credentials text NOT NULL CONSTRAINT agent_actions_credentials CHECK (credentials IN ('own', 'preselected')),
    requires_confirmation boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT agent_actions_once UNIQUE (workspace_id, agent_id, integration, action),
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE CASCADE
);

-- D-31, D-36: the preselected connection of an action, who attached it, and what exactly they attached. A multi-column
-- foreign key with a NULL in it is not enforced, so the CHECK wants all columns while the binding is whole.
CREATE TABLE bindings (
    workspace_id uuid NOT NULL,
    agent_action_id uuid NOT NULL,
    connection_id uuid,
    connection_auth text,
    connection_owner uuid,
    attached_by uuid NOT NULL,
    attached_at timestamptz NOT NULL,
    approved_fingerprint bytea NOT NULL,
    broken_at timestamptz,
    PRIMARY KEY (workspace_id, agent_action_id),
    CONSTRAINT bindings_whole_or_broken CHECK (
        CASE WHEN broken_at IS NULL THEN num_nulls(connection_id, connection_auth, connection_owner) = 0
             ELSE num_nonnulls(connection_id, connection_auth, connection_owner) = 0 END),
    CONSTRAINT bindings_oauth_by_owner_alone CHECK (connection_auth IS DISTINCT FROM 'oauth' OR attached_by = connection_owner),
    FOREIGN KEY (workspace_id, agent_action_id) REFERENCES agent_actions (workspace_id, id) ON DELETE CASCADE,
    CONSTRAINT bindings_connection_in_use FOREIGN KEY (workspace_id, connection_id, connection_auth, connection_owner)
        REFERENCES connections (workspace_id, id, auth_type, owner_id) ON UPDATE CASCADE
);
CREATE INDEX bindings_by_connection ON bindings (workspace_id, connection_id);

-- R8: with several connections a person chooses once per agent and integration.
CREATE TABLE connection_choices (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    integration text NOT NULL,
    connection_id uuid NOT NULL,
    chosen_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id, agent_id, integration),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, agent_id) REFERENCES agents (workspace_id, id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX connection_choices_by_connection ON connection_choices (workspace_id, connection_id);

-- R9: the inputs of a call that waits for its caller to connect, to choose or to confirm.
CREATE TABLE run_drafts (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    agent_action_id uuid NOT NULL,
    input jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, agent_action_id) REFERENCES agent_actions (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX run_drafts_by_expiry ON run_drafts (expires_at);

-- History outlives what it speaks of, so the agent and the connection are no foreign keys.
CREATE TABLE runs (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    agent_action_id uuid NOT NULL,
    integration text NOT NULL,
    action text NOT NULL,
    effect text NOT NULL CONSTRAINT runs_effect CHECK (effect IN ('read', 'write')),
    credentials text NOT NULL CONSTRAINT runs_credentials CHECK (credentials IN ('own', 'preselected')),
    connection_id uuid,
    connection_owner uuid,
    status text NOT NULL CONSTRAINT runs_status CHECK (status IN ('begun', 'succeeded', 'failed', 'refused',
        'needs_connection', 'needs_confirmation', 'needs_reconnect', 'timed_out', 'unknown')),
    detail text,
    input jsonb NOT NULL,
    idempotency_key text,
    request_fingerprint bytea,
    request_line text,
    response_status integer,
    response_headers jsonb,
    response_body bytea,
    response_cut boolean NOT NULL,
    started_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    finished_at timestamptz,
    duration_ms bigint,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT runs_idempotency_key_used UNIQUE (workspace_id, user_id, idempotency_key),
    CONSTRAINT runs_finished_or_begun CHECK ((status = 'begun') = (finished_at IS NULL))
);
CREATE INDEX runs_by_user ON runs (workspace_id, user_id, started_at DESC, id DESC);
CREATE INDEX runs_by_connection ON runs (workspace_id, connection_id, started_at DESC, id DESC);
CREATE INDEX runs_by_connection_owner ON runs (workspace_id, connection_owner, started_at DESC, id DESC);
CREATE INDEX runs_by_time ON runs (workspace_id, started_at DESC, id DESC);
CREATE INDEX runs_by_agent ON runs (workspace_id, agent_id, started_at DESC, id DESC);
CREATE INDEX runs_begun ON runs (deadline_at) WHERE status = 'begun';

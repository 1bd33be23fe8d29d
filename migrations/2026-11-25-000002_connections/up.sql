-- Integrations that a workspace brought in, what its admins decided, and its people's connections.

CREATE TABLE custom_integrations (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    key text NOT NULL,
    document text NOT NULL,
    digest bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key),
    CONSTRAINT custom_integrations_key_taken UNIQUE (workspace_id, key)
);

CREATE TABLE integration_settings (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    integration text NOT NULL,
    enabled boolean NOT NULL,
    for_everyone boolean NOT NULL,
    oauth_client_id text,
    oauth_client_secret bytea,
    oauth_client_generation integer NOT NULL,
    misconfigured_reason text,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, integration)
);

-- Who may use an integration that is not for everyone.
CREATE TABLE integration_grants (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    integration text NOT NULL,
    grantee_user uuid,
    grantee_group uuid,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT integration_grants_one_grantee CHECK (num_nonnulls(grantee_user, grantee_group) = 1),
    FOREIGN KEY (workspace_id, integration) REFERENCES integration_settings (workspace_id, integration) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_user) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_group) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX integration_grants_by_integration ON integration_grants (workspace_id, integration);

CREATE TABLE connections (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    owner_id uuid NOT NULL,
    integration text NOT NULL,
    auth_type text NOT NULL
        CONSTRAINT connections_auth_type CHECK (auth_type IN ('oauth', 'api_key', 'service_account', 'none')),
    name text NOT NULL,
    status text NOT NULL
        CONSTRAINT connections_status CHECK (status IN ('active', 'needs_reconnect', 'misconfigured', 'suspended', 'disabled')),
    status_reason text,
    account text,
    scopes text[] NOT NULL,
    origins text[] NOT NULL,
    token_version bigint NOT NULL,
    access_expires_at timestamptz,
    refresh_lease uuid,
    refresh_lease_until timestamptz,
    failed_version bigint,
    client_generation integer NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT connections_auth_type_known UNIQUE (workspace_id, id, auth_type),
    CONSTRAINT connections_owner_known UNIQUE (workspace_id, id, auth_type, owner_id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES memberships (workspace_id, user_id)
);
CREATE INDEX connections_by_owner ON connections (workspace_id, owner_id, integration);
CREATE INDEX connections_by_time ON connections (workspace_id, created_at DESC, id DESC);

-- D-30, D-31: what a connection is never changes; an OAuth connection's owner neither.
CREATE FUNCTION connections_stay_what_they_are() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.workspace_id <> OLD.workspace_id OR NEW.id <> OLD.id OR NEW.auth_type <> OLD.auth_type
        OR NEW.integration <> OLD.integration OR (OLD.auth_type = 'oauth' AND NEW.owner_id <> OLD.owner_id) THEN
        RAISE EXCEPTION 'a connection stays what it is' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'connections_stay_what_they_are';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER connections_stay_what_they_are BEFORE UPDATE OF workspace_id, id, auth_type, integration, owner_id
    ON connections FOR EACH ROW EXECUTE FUNCTION connections_stay_what_they_are();

-- Ciphertext alone, apart from what pages read (D-61). `access` goes onto requests; `grant` only gets new access.
CREATE TABLE connection_secrets (
    workspace_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    purpose text NOT NULL CONSTRAINT connection_secrets_purpose CHECK (purpose IN ('access', 'grant')),
    version bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (workspace_id, connection_id, purpose),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id) ON DELETE CASCADE
);

-- R4: an OAuth connection has no shares, whatever the code says.
CREATE TABLE connection_shares (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    connection_auth text NOT NULL CONSTRAINT connections_oauth_not_shared CHECK (connection_auth <> 'oauth'),
    grantee_user uuid,
    grantee_group uuid,
    grantee_workspace boolean CONSTRAINT connection_shares_workspace CHECK (grantee_workspace IS NULL OR grantee_workspace),
    access text NOT NULL CONSTRAINT connection_shares_access CHECK (access IN ('use', 'attach')),
    expires_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT connection_shares_one_grantee CHECK (num_nonnulls(grantee_user, grantee_group, grantee_workspace) = 1),
    CONSTRAINT connection_shares_user_once UNIQUE (workspace_id, connection_id, grantee_user),
    CONSTRAINT connection_shares_group_once UNIQUE (workspace_id, connection_id, grantee_group),
    CONSTRAINT connection_shares_workspace_once UNIQUE (workspace_id, connection_id, grantee_workspace),
    FOREIGN KEY (workspace_id, connection_id, connection_auth)
        REFERENCES connections (workspace_id, id, auth_type) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_user) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_group) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX connection_shares_by_user ON connection_shares (workspace_id, grantee_user);
CREATE INDEX connection_shares_by_group ON connection_shares (workspace_id, grantee_group);
CREATE INDEX connection_shares_with_everyone ON connection_shares (workspace_id, connection_id) WHERE grantee_workspace;

-- D-20: one OAuth flow under way. Only the hash of `state` is stored.
CREATE TABLE oauth_flows (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    state_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    integration text NOT NULL,
    reconnects uuid,
    connection_name text NOT NULL,
    client_generation integer NOT NULL,
    verifier bytea,
    redirect_uri text NOT NULL,
    authorize_url text NOT NULL,
    token_url text NOT NULL,
    issuer text,
    scopes text[] NOT NULL,
    return_to jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    held_account text,
    held_grant bytea,
    held_access bytea,
    held_expires_at timestamptz,
    held_scopes text[],
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT oauth_flows_state_once UNIQUE (state_hash),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, reconnects) REFERENCES connections (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_flows_by_user ON oauth_flows (workspace_id, user_id);
CREATE INDEX oauth_flows_by_expiry ON oauth_flows (expires_at);

-- D-27: tokens to take back at the provider, each with its own sealed copy, for 24 hours at most.
CREATE TABLE revocations (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    integration text NOT NULL,
    version bigint NOT NULL,
    origins text[] NOT NULL,
    sealed bytea NOT NULL,
    attempts integer NOT NULL,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX revocations_waiting ON revocations (next_at);

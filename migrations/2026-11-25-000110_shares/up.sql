-- The shares of a connection as a list, newest first; and what was taken away a moment ago, so that it can be put back.

CREATE INDEX connection_shares_by_time ON connection_shares (workspace_id, connection_id, created_at DESC, id DESC);

-- Exactly what stood in connection_shares, and who took it away when. Whoever did it may undo it for some seconds; after
-- that the row is swept. It gives nobody anything.
CREATE TABLE removed_connection_shares (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    connection_id uuid NOT NULL,
    connection_auth text NOT NULL
        CONSTRAINT removed_connection_shares_no_oauth CHECK (connection_auth <> 'oauth'),
    grantee_user uuid,
    grantee_group uuid,
    grantee_workspace boolean,
    access text NOT NULL,
    expires_at timestamptz,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    removed_by uuid NOT NULL,
    removed_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, connection_id, connection_auth)
        REFERENCES connections (workspace_id, id, auth_type) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_user) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE,
    FOREIGN KEY (workspace_id, grantee_group) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX removed_connection_shares_by_connection ON removed_connection_shares (workspace_id, connection_id);
CREATE INDEX removed_connection_shares_by_user ON removed_connection_shares (workspace_id, grantee_user);
CREATE INDEX removed_connection_shares_by_group ON removed_connection_shares (workspace_id, grantee_group);
CREATE INDEX removed_connection_shares_by_time ON removed_connection_shares (removed_at);

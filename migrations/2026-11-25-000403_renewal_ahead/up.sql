-- D-26: when the background job renews a connection's access ahead of its end. Empty where there is nothing to renew, or
-- nobody has used the connection for long; whatever stores new access sets it again.
ALTER TABLE connections ADD COLUMN renew_at timestamptz;
UPDATE connections SET renew_at = access_expires_at - interval '5 minutes'
    WHERE auth_type IN ('oauth', 'service_account') AND access_expires_at IS NOT NULL;
CREATE INDEX connections_to_renew ON connections (renew_at) WHERE status = 'active' AND renew_at IS NOT NULL;

-- D-25: the pauses of token endpoints, between runs and between processes. A bucket is one version of one connection,
-- whose pauses grow with its failures, or a whole integration, whose provider asked for one.
CREATE TABLE refresh_pauses (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    bucket text NOT NULL,
    failures integer NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, bucket)
);
CREATE INDEX refresh_pauses_by_end ON refresh_pauses (until);

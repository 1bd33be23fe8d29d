-- R7: one row for everybody who is to be told of something. A job writes a mail for each of them in small steps, so that
-- whoever shares with ten thousand waits for none of them.

CREATE TABLE fan_outs (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    id uuid NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL CONSTRAINT fan_outs_subject CHECK (subject IN ('connection', 'agent')),
    subject_id uuid NOT NULL,
    share_id uuid NOT NULL,
    grantee_user uuid,
    grantee_group uuid,
    grantee_workspace boolean CONSTRAINT fan_outs_workspace CHECK (grantee_workspace IS NULL OR grantee_workspace),
    actor_id uuid NOT NULL,
    payload jsonb NOT NULL,
    due_at timestamptz NOT NULL,
    after_user uuid,
    PRIMARY KEY (workspace_id, id),
    CONSTRAINT fan_outs_one_grantee CHECK (num_nonnulls(grantee_user, grantee_group, grantee_workspace) = 1)
);
CREATE INDEX fan_outs_waiting ON fan_outs (due_at);
CREATE INDEX fan_outs_by_share ON fan_outs (workspace_id, share_id);

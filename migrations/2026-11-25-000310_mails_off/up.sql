-- The kinds of mail that a person has turned off in a workspace. `mails_off` and not `mails_on`: a kind that a newer version
-- brings is on until somebody turns it off.
CREATE TABLE mails_off (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, user_id, kind),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);

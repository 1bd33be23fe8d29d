-- The life of a membership: invited, seen, ended, taken up again.

-- Whether a mail to the address is known to have reached the person. Whoever an operator added counts as known; an admin's
-- word alone does not, or an account made for somebody else's address could wait for them to be let in elsewhere.
ALTER TABLE users ADD COLUMN verified_at timestamptz;
UPDATE users SET verified_at = created_at;
ALTER TABLE one_time_links ADD COLUMN mailed boolean NOT NULL DEFAULT false;

ALTER TABLE memberships
    ADD COLUMN invited_by uuid,
    ADD COLUMN last_seen_at timestamptz,
    ADD COLUMN deactivated_at timestamptz;
CREATE INDEX memberships_by_time ON memberships (workspace_id, created_at DESC, user_id DESC);
CREATE INDEX memberships_ended ON memberships (deactivated_at) WHERE status = 'deactivated';
CREATE INDEX bindings_by_attacher ON bindings (workspace_id, attached_by);

-- What a connection was before its owner left, so that a mistake can be undone (D-38).
ALTER TABLE connections ADD COLUMN suspended_from text
    CONSTRAINT connections_suspended_from CHECK (suspended_from IS NULL OR status = 'suspended');

-- The last active admin stays. The workspace's row is locked before the others are counted, so that of two who give up at
-- the same time the second one sees what the first did. FOR NO KEY UPDATE lets foreign keys on the row go on.
CREATE FUNCTION memberships_keep_an_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM workspaces WHERE id = OLD.workspace_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (SELECT 1 FROM memberships
            WHERE workspace_id = OLD.workspace_id AND role = 'admin' AND status = 'active') THEN
        RAISE EXCEPTION 'a workspace keeps an active admin' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'memberships_last_admin';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_last_admin_changed AFTER UPDATE OF role, status ON memberships FOR EACH ROW
    WHEN (OLD.role = 'admin' AND OLD.status = 'active' AND (NEW.role <> 'admin' OR NEW.status <> 'active'))
    EXECUTE FUNCTION memberships_keep_an_admin();
CREATE TRIGGER memberships_last_admin_removed AFTER DELETE ON memberships FOR EACH ROW
    WHEN (OLD.role = 'admin' AND OLD.status = 'active') EXECUTE FUNCTION memberships_keep_an_admin();

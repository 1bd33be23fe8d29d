DROP TRIGGER memberships_last_admin_removed ON memberships;
DROP TRIGGER memberships_last_admin_changed ON memberships;
DROP FUNCTION memberships_keep_an_admin();
ALTER TABLE connections DROP COLUMN suspended_from;
DROP INDEX bindings_by_attacher, memberships_ended, memberships_by_time;
ALTER TABLE memberships DROP COLUMN invited_by, DROP COLUMN last_seen_at, DROP COLUMN deactivated_at;
ALTER TABLE one_time_links DROP COLUMN mailed;
ALTER TABLE users DROP COLUMN verified_at;

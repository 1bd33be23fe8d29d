DELETE FROM memberships WHERE status = 'invited';
ALTER TABLE memberships DROP CONSTRAINT memberships_status;
ALTER TABLE memberships ADD CONSTRAINT memberships_status CHECK (status IN ('active', 'deactivated'));

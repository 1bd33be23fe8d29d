-- Whoever has an account already becomes a member by accepting, not by being invited. Every query that gives somebody
-- something asks for 'active', so that the third state gives nothing.
ALTER TABLE memberships DROP CONSTRAINT memberships_status;
ALTER TABLE memberships ADD CONSTRAINT memberships_status CHECK (status IN ('active', 'invited', 'deactivated'));

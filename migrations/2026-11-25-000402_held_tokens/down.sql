DROP INDEX revocations_of_held;
ALTER TABLE revocations DROP COLUMN held_by, DROP COLUMN account;

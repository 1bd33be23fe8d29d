-- R14, D-27: tokens of another account that a reconnect brought wait in their flow for the owner's word. They are in the
-- queue from the moment they are held, due when the flow has ended, and the flow's acceptance takes them out of it. So
-- nothing that removes a flow can forget them. `account` is whose they are: some providers end everything that an account
-- has given when one of its tokens is revoked.
ALTER TABLE revocations ADD COLUMN held_by uuid, ADD COLUMN account text;
CREATE INDEX revocations_of_held ON revocations (workspace_id, held_by) WHERE held_by IS NOT NULL;

-- Admins look at the mails of their workspace, all or those in one state, the newest first.
CREATE INDEX outbox_by_workspace ON outbox (workspace_id, created_at DESC, id DESC);
CREATE INDEX outbox_by_state ON outbox (workspace_id, state, created_at DESC, id DESC);

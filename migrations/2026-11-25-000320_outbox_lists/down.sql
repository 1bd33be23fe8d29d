DROP INDEX outbox_by_state;
DROP INDEX outbox_by_workspace;

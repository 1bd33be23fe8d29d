DROP INDEX agent_actions_by_integration;
DROP INDEX integration_grants_by_group;
DROP INDEX integration_grants_by_user;
ALTER TABLE integration_grants
    DROP CONSTRAINT integration_grants_group_once,
    DROP CONSTRAINT integration_grants_user_once;
-- Without their action these would open the whole integration.
DELETE FROM integration_grants WHERE action <> '';
ALTER TABLE integration_grants DROP COLUMN action;
ALTER TABLE integration_settings
    DROP CONSTRAINT integration_settings_reserved_known,
    DROP COLUMN reserved_auth_types,
    DROP COLUMN restricted_actions;

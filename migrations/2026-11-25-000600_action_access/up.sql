-- Access to an integration goes down to single actions, and admins can keep ways to connect for themselves.

-- The run's statement joins this row anyway: where nothing is restricted, it asks no other table.
ALTER TABLE integration_settings
    ADD COLUMN restricted_actions text[] NOT NULL DEFAULT '{}',
    ADD COLUMN reserved_auth_types text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT integration_settings_reserved_known
        CHECK (reserved_auth_types <@ ARRAY['oauth', 'api_key', 'service_account', 'none']);

-- Which action a grant is for; '' for the integration as a whole.
ALTER TABLE integration_grants ADD COLUMN action text NOT NULL DEFAULT '';

DELETE FROM integration_grants g USING integration_grants o
    WHERE o.workspace_id = g.workspace_id AND o.integration = g.integration AND o.id < g.id
      AND (o.grantee_user = g.grantee_user OR o.grantee_group = g.grantee_group);
ALTER TABLE integration_grants
    ADD CONSTRAINT integration_grants_user_once UNIQUE (workspace_id, integration, action, grantee_user),
    ADD CONSTRAINT integration_grants_group_once UNIQUE (workspace_id, integration, action, grantee_group);
CREATE INDEX integration_grants_by_user ON integration_grants (workspace_id, grantee_user);
CREATE INDEX integration_grants_by_group ON integration_grants (workspace_id, grantee_group);

-- Which agents have an integration's actions: asked before it is taken away from somebody.
CREATE INDEX agent_actions_by_integration ON agent_actions (workspace_id, integration, action);

DROP TABLE workspace_keys, keks, outbox, audit_events, api_tokens, role_permissions, group_members, groups,
    memberships, workspaces, throttles, one_time_links, sessions, users;

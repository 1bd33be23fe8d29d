DROP TABLE revocations, oauth_flows, connection_shares, connection_secrets, connections, integration_grants,
    integration_settings, custom_integrations;
DROP FUNCTION connections_stay_what_they_are();

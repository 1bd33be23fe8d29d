-- D-40: the name that a connection has in its provider's addresses, like the acme of acme.zendesk.com, where each has one of
-- its own. Its secrets are bound to the origins that it leads to, so that one that is changed here gets nothing.
ALTER TABLE connections ADD COLUMN tenant text
    CONSTRAINT connections_tenant_is_a_label CHECK (tenant ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' AND tenant !~ '^xn--');

-- D-20: of a flow's `state` only the hash is kept, so the address that it leads to is kept without it. Flows that were
-- begun before end here; they were good for ten minutes.
DELETE FROM oauth_flows WHERE authorize_url ~ '[?&]state=';
ALTER TABLE oauth_flows ADD CONSTRAINT oauth_flows_address_without_state CHECK (authorize_url !~ '[?&]state=');

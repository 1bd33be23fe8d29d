-- The audit page narrows by person, by kind and by thing: each is an index that ends in the order of the page, so that a
-- page costs the same among millions of events.
CREATE INDEX audit_events_by_actor ON audit_events (workspace_id, actor_id, at DESC, id DESC);
CREATE INDEX audit_events_by_kind ON audit_events (workspace_id, object_kind, at DESC, id DESC);
CREATE INDEX audit_events_by_object ON audit_events (workspace_id, object_id, at DESC, id DESC);
CREATE INDEX audit_events_by_connection ON audit_events (workspace_id, connection_id, at DESC, id DESC)
    WHERE connection_id IS NOT NULL;
CREATE INDEX audit_events_by_agent ON audit_events (workspace_id, (detail ->> 'agent'), at DESC, id DESC)
    WHERE detail ->> 'agent' IS NOT NULL;

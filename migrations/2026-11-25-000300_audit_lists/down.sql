DROP INDEX audit_events_by_agent;
DROP INDEX audit_events_by_connection;
DROP INDEX audit_events_by_object;
DROP INDEX audit_events_by_kind;
DROP INDEX audit_events_by_actor;

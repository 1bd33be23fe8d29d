DROP TABLE removed_connection_shares;
DROP INDEX connection_shares_by_time;

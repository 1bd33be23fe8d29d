DROP TABLE refresh_pauses;
DROP INDEX connections_to_renew;
ALTER TABLE connections DROP COLUMN renew_at;

ALTER TABLE connections DROP COLUMN tenant;

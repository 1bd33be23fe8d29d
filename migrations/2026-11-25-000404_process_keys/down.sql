ALTER TABLE keks DROP COLUMN retired_at;
DROP TABLE process_keys;

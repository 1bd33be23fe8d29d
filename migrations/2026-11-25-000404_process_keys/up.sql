-- D-11: which keys each serving process has read, and which of them it wraps with, so that a key is not made the active one
-- before every process holds it. A row counts while its process says so every few seconds.
CREATE TABLE process_keys (
    process_id uuid PRIMARY KEY,
    name text NOT NULL,
    kek_ids text[] NOT NULL,
    active text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

-- A retired key wraps nothing, and nothing may be wrapped by it again. Its check value stays, to recognise it by.
ALTER TABLE keks ADD COLUMN retired_at timestamptz;

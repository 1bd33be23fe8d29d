-- People and groups are found by the beginning of any word of their name, and people of their address too, as one types.
-- Each text is kept from each of its words on, so that what was typed is the beginning of a row: one range of one index,
-- within the workspace, in an order that a page can stop in. It needs no extension, which a managed Postgres might lack.

CREATE TABLE member_beginnings (
    workspace_id uuid NOT NULL,
    user_id uuid NOT NULL,
    beginning text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, user_id, beginning),
    FOREIGN KEY (workspace_id, user_id) REFERENCES memberships (workspace_id, user_id) ON DELETE CASCADE
);
CREATE INDEX member_beginnings_by_text ON member_beginnings (workspace_id, beginning, user_id);

CREATE TABLE group_beginnings (
    workspace_id uuid NOT NULL,
    group_id uuid NOT NULL,
    beginning text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace_id, group_id, beginning),
    FOREIGN KEY (workspace_id, group_id) REFERENCES groups (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX group_beginnings_by_text ON group_beginnings (workspace_id, beginning, group_id);

-- Words are kept apart by spaces and the punctuation of ASCII. What a letter is depends on the server's locale, and must not.
CREATE FUNCTION beginnings_of(whole text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT DISTINCT lower(substr(t.whole, n))
    FROM (SELECT btrim(regexp_replace(whole, '\s+', ' ', 'g')) AS whole) t, generate_series(1, length(t.whole)) n
    WHERE n = 1 OR (substr(t.whole, n - 1, 1) ~ '[ !-/:-@\[-`{-~]' AND substr(t.whole, n, 1) !~ '[ !-/:-@\[-`{-~]')
$$;

-- The person's row is locked against a change of their name meanwhile, which would not see this membership yet.
CREATE FUNCTION member_beginnings_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO member_beginnings (workspace_id, user_id, beginning)
    SELECT a.workspace_id, a.user_id, b FROM added a JOIN users u ON u.id = a.user_id,
        unnest(ARRAY[u.name, u.email]) whole, beginnings_of(whole) b
    FOR SHARE OF u
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_found_by AFTER INSERT ON memberships REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION member_beginnings_add();

CREATE FUNCTION member_beginnings_renew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM member_beginnings d USING memberships m
        WHERE m.user_id = NEW.id AND d.workspace_id = m.workspace_id AND d.user_id = m.user_id;
    INSERT INTO member_beginnings (workspace_id, user_id, beginning)
    SELECT m.workspace_id, m.user_id, b FROM memberships m,
        unnest(ARRAY[NEW.name, NEW.email]) whole, beginnings_of(whole) b
    WHERE m.user_id = NEW.id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER users_found_by AFTER UPDATE OF name, email ON users FOR EACH ROW
    WHEN (OLD.name <> NEW.name OR OLD.email <> NEW.email) EXECUTE FUNCTION member_beginnings_renew();

CREATE FUNCTION group_beginnings_renew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM group_beginnings WHERE workspace_id = NEW.workspace_id AND group_id = NEW.id;
    INSERT INTO group_beginnings (workspace_id, group_id, beginning)
    SELECT NEW.workspace_id, NEW.id, b FROM beginnings_of(NEW.name) b;
    RETURN NULL;
END $$;
CREATE TRIGGER groups_found_by AFTER INSERT OR UPDATE OF name ON groups FOR EACH ROW
    EXECUTE FUNCTION group_beginnings_renew();

INSERT INTO member_beginnings (workspace_id, user_id, beginning)
    SELECT m.workspace_id, m.user_id, b FROM memberships m JOIN users u ON u.id = m.user_id,
        unnest(ARRAY[u.name, u.email]) whole, beginnings_of(whole) b
    ON CONFLICT DO NOTHING;
INSERT INTO group_beginnings (workspace_id, group_id, beginning)
    SELECT g.workspace_id, g.id, b FROM groups g, beginnings_of(g.name) b;

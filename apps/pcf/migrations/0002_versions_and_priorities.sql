-- Every column has a default, so that the release before can still write rows.
ALTER TABLE projects
    ADD COLUMN description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 2000),
    ADD COLUMN version     bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at  timestamptz NOT NULL DEFAULT now();

ALTER TABLE tasks
    ADD COLUMN priority   smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 9),
    ADD COLUMN version    bigint NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

UPDATE projects SET updated_at = created_at;
UPDATE tasks SET updated_at = created_at;

-- In the database and not in the program: the release before updates rows
-- without knowing of versions, and its updates must count too.
CREATE FUNCTION next_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END
$$;

CREATE TRIGGER projects_version BEFORE UPDATE ON projects
    FOR EACH ROW EXECUTE FUNCTION next_version();
CREATE TRIGGER tasks_version BEFORE UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION next_version();

CREATE INDEX tasks_open_by_project ON tasks (project_id) WHERE NOT done;

CREATE TABLE members (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    handle text NOT NULL UNIQUE,
    joined_on date NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_name_length CHECK (char_length(name) BETWEEN 1 AND 80),
    CONSTRAINT members_handle_form CHECK (handle ~ '^[a-z0-9][a-z0-9-]{1,31}$')
);

CREATE TABLE attendance (
    member_id bigint NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    date date NOT NULL,
    present boolean NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (member_id, date)
);

CREATE INDEX attendance_by_date ON attendance (date, member_id);

-- With a default, so that the release before, which does not know the column, can go on inserting.
ALTER TABLE notes ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();

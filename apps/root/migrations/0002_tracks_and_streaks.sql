-- Compatible with the release before: the column may be empty and has no
-- default to compute, so replicas of the old image keep inserting and reading.
ALTER TABLE members ADD COLUMN track text
    CONSTRAINT members_track_form CHECK (track ~ '^[a-z0-9][a-z0-9-]{0,31}$');

CREATE INDEX members_by_track ON members (track, id);

-- Days in a row that share (date - row number) are one run. A run still counts
-- as current on the day after its last one, because that day may be marked yet.
CREATE FUNCTION streaks_on(day date)
RETURNS TABLE (member_id bigint, current_days bigint, longest_days bigint, last_present date)
LANGUAGE sql STABLE
AS $$
    WITH numbered AS (
        SELECT a.member_id, a.date,
               a.date - (row_number() OVER (PARTITION BY a.member_id ORDER BY a.date))::int AS run
        FROM attendance a
        WHERE a.present AND a.date <= day
    ), runs AS (
        SELECT n.member_id, max(n.date) AS ends_on, count(*) AS days
        FROM numbered n
        GROUP BY n.member_id, n.run
    )
    SELECT r.member_id,
           coalesce(max(r.days) FILTER (WHERE r.ends_on >= day - 1), 0),
           max(r.days),
           max(r.ends_on)
    FROM runs r
    GROUP BY r.member_id
$$;

-- What the gateway shows of its members itself, for WRITE_BACK=community. It needs, from the owner of the table (the
-- policy where row level security is on):
--   GRANT SELECT ("totalPoints", "currentStreak", "lastActiveAt"), UPDATE ("totalPoints", "currentStreak", "lastActiveAt") ON public."Member" TO <login>;
--   CREATE POLICY trc_writes ON public."Member" FOR UPDATE TO <login> USING (TRUE) WITH CHECK (TRUE);

-- The app adds each award to its sum as it makes it, and the ledger has it with the next sync: what the ledger has not
-- yet is not taken away. The sum is moved by what is missing, not set, so that an award which commits meanwhile stays in
-- it. What was set aside (community.rejected_transactions) counts nowhere.
CREATE OR REPLACE FUNCTION community.write_back_members(members community.member_figures[])
RETURNS TABLE (member_id text)
LANGUAGE sql AS $$
WITH waiting AS (
    SELECT t.member_id, sum(t.points) AS points
    FROM community.point_transactions AS t
    WHERE
        NOT EXISTS (
            SELECT 1 FROM community.point_ledger AS l
            WHERE l.source_key = 'point_transactions:' || t.transaction_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM community.rejected_transactions AS r
            WHERE r.transaction_id = t.transaction_id
        )
    GROUP BY t.member_id
),

figures AS MATERIALIZED (
    SELECT
        m.id,
        (f.total_points + coalesce(w.points, 0) - m."totalPoints")::integer AS missing_points,
        f.current_streak,
        (f.last_active_at AT TIME ZONE 'UTC')::timestamp(3) AS last_active_at
    FROM unnest(members) AS f
    INNER JOIN public."Member" AS m ON f.member_id = m.id
    LEFT JOIN waiting AS w ON m.id = w.member_id
)

UPDATE public."Member" AS m SET
    "totalPoints" = m."totalPoints" + f.missing_points,
    "currentStreak" = coalesce(f.current_streak, m."currentStreak"),
    "lastActiveAt" = coalesce(f.last_active_at, m."lastActiveAt")
FROM figures AS f
WHERE
    m.id = f.id
    AND (
        f.missing_points <> 0
        OR m."currentStreak" <> f.current_streak
        OR (f.last_active_at IS NOT NULL AND m."lastActiveAt" IS DISTINCT FROM f.last_active_at)
    )
RETURNING m.id
$$;

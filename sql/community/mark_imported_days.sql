-- Streaks of days before the cut-over stand once they follow from all that the app had until then: what comes
-- late adds points, and changes none of them.
WITH taken_over AS (
    SELECT (c.cut_over_at AT TIME ZONE 'UTC')::date AS cut_over_on
    FROM operations.cut_overs AS c
    INNER JOIN community.posting_cursors AS p
        ON p.source = 'point_transactions' AND p.swept_on >= (c.cut_over_at AT TIME ZONE 'UTC')::date
    WHERE c.domain = 'community' AND c.cut_over_at <= :as_of
)

UPDATE community.days AS d SET is_streaks_imported = TRUE
FROM taken_over AS t
WHERE d.day < t.cut_over_on AND d.streaks_at IS NOT NULL AND NOT d.is_streaks_stale AND NOT d.is_streaks_imported

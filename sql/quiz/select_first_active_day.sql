-- The first day on which anybody was active, up to :last_day; NULL when nobody was.
SELECT least(
    (
        SELECT min(s.started_at AT TIME ZONE 'UTC')::date FROM quiz.quiz_sessions AS s
        WHERE s.started_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
    ),
    (
        SELECT min(e.earned_at AT TIME ZONE 'UTC')::date FROM quiz.xp_events AS e
        WHERE e.earned_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
    )
) AS first_day

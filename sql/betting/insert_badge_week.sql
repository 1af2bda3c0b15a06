-- A week's badges are judged; :earned and :lost count those that changed at the last.
INSERT INTO betting.badge_weeks (week_start, earned, lost, judged_at, run_id)
VALUES (:week_start, :earned, :lost, :as_of, :run_id)

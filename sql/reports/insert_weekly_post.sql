-- A week is posted once.
INSERT INTO reports.weekly_posts (domain, week_start, members, posted_at, run_id)
VALUES (:domain, :week_start, :members, :as_of, :run_id)

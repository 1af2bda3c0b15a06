-- A user joins, with a bankroll.
WITH joined AS (
    INSERT INTO betting.users (id, username, referral_count, avatar_url, created_at)
    VALUES (:user_id, :username, :referral_count, :avatar_url, :at)
    ON CONFLICT DO NOTHING
    RETURNING id
)

INSERT INTO betting.bankrolls (user_id)
SELECT j.id FROM joined AS j

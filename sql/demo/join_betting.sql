-- A user joins, with a bankroll. $1: id, $2: name, $3: referrals, $4: picture, $5: when.
WITH joined AS (
    INSERT INTO betting.users (id, username, referral_count, avatar_url, created_at)
    VALUES ($1::uuid, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
    RETURNING id
)

INSERT INTO betting.bankrolls (user_id)
SELECT j.id FROM joined AS j

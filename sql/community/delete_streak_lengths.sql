-- Lengths of streaks from :first_day to :last_day are counted again.
DELETE FROM community.streak_lengths
WHERE day BETWEEN :first_day AND :last_day

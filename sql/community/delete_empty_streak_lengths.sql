-- Lengths that no streak has any more on days from :first_day to :last_day.
DELETE FROM community.streak_lengths
WHERE day BETWEEN :first_day AND :last_day AND standing = 0

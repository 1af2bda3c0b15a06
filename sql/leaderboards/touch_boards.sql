-- Boards in which a name was replaced are published again.
UPDATE leaderboards.boards
SET version = split_part(version, '/', 1) || '+' || :mark || '/' || split_part(version, '/', 2)
WHERE domain = :domain

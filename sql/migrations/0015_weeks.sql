-- Badges of a week that ended, statistics, late XP, leftovers.
SELECT 1;

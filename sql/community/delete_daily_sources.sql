-- Sources of :days are counted again.
DELETE FROM community.daily_sources
WHERE day = any(:days::date[])

-- What time it is where everybody looks.
SELECT clock_timestamp() AS moment

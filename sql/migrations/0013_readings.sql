-- What is read of MEE6.
SELECT 1;

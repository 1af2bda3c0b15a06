-- All that is read is of one moment, and nothing is written.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

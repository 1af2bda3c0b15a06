-- All that is read from here on is of one moment, and nothing is written.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY -- noqa: PRS

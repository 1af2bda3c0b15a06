-- Begin a transaction that only statements end.
BEGIN;

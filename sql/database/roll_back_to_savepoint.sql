-- Undo what followed the savepoint.
ROLLBACK TO SAVEPOINT part;

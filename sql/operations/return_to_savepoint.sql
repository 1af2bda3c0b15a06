-- Takes back what followed the savepoint.
ROLLBACK TO SAVEPOINT target

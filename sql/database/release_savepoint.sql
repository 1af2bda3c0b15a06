-- Keep what followed the savepoint as part of the transaction.
RELEASE SAVEPOINT part;

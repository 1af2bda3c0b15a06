-- What follows can be undone without what came before.
SAVEPOINT part;

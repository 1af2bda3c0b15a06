-- What follows can be taken back without what came before.
SAVEPOINT target

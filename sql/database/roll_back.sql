-- Undo everything since BEGIN.
ROLLBACK;

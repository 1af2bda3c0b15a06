-- What the migrating user made belongs to trc_owner from now on.
SELECT operations.hand_over()::text AS done

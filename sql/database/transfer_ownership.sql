-- What the migrating user made belongs to trc_owner from now on.
SELECT operations.transfer_ownership()::text AS done

-- Who became a member by a reading was looked for and found in it.
UPDATE community.mee6_syncs SET
    requested_count = requested_count + :members,
    found_count = found_count + :members
WHERE sync_id = :sync_id

-- Who the facts are about is forgotten; the facts stay. A Discord account of theirs that another member had before
-- becomes one that nobody has.
UPDATE community.accounts AS a SET
    member_id = CASE WHEN a.member_id = :member_id THEN :pseudonym ELSE a.member_id END,
    discord_id = CASE WHEN a.member_id <> :member_id THEN -a.account_id END,
    erased_at = CASE WHEN a.member_id = :member_id THEN :now::timestamptz END
WHERE
    a.erased_at IS NULL
    AND (a.member_id = :member_id OR a.discord_id = any(:discord_ids::bigint[]))

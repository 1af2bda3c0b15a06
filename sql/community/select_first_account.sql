-- The lowest key of a member, which becomes the pseudonym; NULL: there are no facts.
SELECT min(a.account_id) AS account_id
FROM community.accounts AS a
WHERE a.member_id = :member_id AND a.erased_at IS NULL

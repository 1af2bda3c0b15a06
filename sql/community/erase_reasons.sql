-- A reason somebody gave and that names who is erased is emptied whole.
WITH emptied AS (
    UPDATE community.mee6_syncs SET review_reason = '(erased)'
    WHERE review_reason ~ :pattern
    RETURNING 1
)

SELECT count(*) AS changed FROM emptied

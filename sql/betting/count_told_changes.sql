-- How often each of :dedupe_keys was told before, the first time by the key itself, then with a number behind it.
SELECT count(e.event_id) AS times
FROM unnest(:dedupe_keys::text[]) WITH ORDINALITY AS k (dedupe_key, place)
LEFT JOIN operations.domain_events AS e
    ON k.dedupe_key = e.dedupe_key OR (e.dedupe_key > k.dedupe_key || ':' AND e.dedupe_key < k.dedupe_key || ';')
GROUP BY k.place
ORDER BY k.place

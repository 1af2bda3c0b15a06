-- The page of a day, as it was last made.
INSERT INTO reports.engagement AS r (day, as_of, html, bytes, digest, sentences, member_ids, run_id)
VALUES (
    :day, :as_of, :html, octet_length(:html), encode(sha256(convert_to(:html, 'UTF8')), 'hex'), :sentences::text[],
    :member_ids::text[], :run_id
)
ON CONFLICT (day) DO UPDATE SET
    as_of = excluded.as_of,
    html = excluded.html,
    bytes = excluded.bytes,
    digest = excluded.digest,
    sentences = excluded.sentences,
    member_ids = excluded.member_ids,
    made_at = excluded.made_at,
    run_id = excluded.run_id

-- Who is in the app. No parameters.
SELECT m.member_id FROM community.members AS m
ORDER BY m.member_id

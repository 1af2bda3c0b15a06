-- Three boards are sorted, which takes 100 bytes a member: a million fits, and nothing is taken that is not used.
SELECT set_config('work_mem', '256MB', TRUE) AS work_mem

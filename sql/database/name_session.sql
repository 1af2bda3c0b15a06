-- A session is called after what it is for, also between transactions: a run without one is dead. Poolers
-- give every client its own name back.
SELECT set_config('application_name', :name, FALSE) AS session

-- What this control has, and every worker must have alike.
-- Staged: staged_agreements(name, value)
INSERT INTO operations.agreements (name, value, host)
SELECT s.name, s.value, :host
FROM staged_agreements AS s

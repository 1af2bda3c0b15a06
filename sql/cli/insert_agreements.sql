-- What this control has, and every worker must have alike.
INSERT INTO operations.agreements (name, value, host)
SELECT s.name, s.value, :host
FROM staged_agreements AS s

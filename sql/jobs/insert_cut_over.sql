-- Decided once: who comes second keeps what the first recorded.
INSERT INTO operations.cut_overs (domain, cut_over_at, run_id)
VALUES (:domain, :cut_over_at, :run_id)
ON CONFLICT (domain) DO NOTHING

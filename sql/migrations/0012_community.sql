-- The community's edges.
SELECT 1;

-- Domain events know the cluster they were written in.
SELECT 1;

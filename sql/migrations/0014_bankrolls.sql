-- Corrections and adjustments of bankrolls.
SELECT 1;

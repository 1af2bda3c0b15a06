-- What the control that started last has, with where and when that was.
SELECT a.name, a.value, a.host, a.agreed_at
FROM operations.agreements AS a
ORDER BY a.name

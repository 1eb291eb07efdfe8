\echo
\echo The model without a part of it, or with another: accuracy and, in standard errors, its difference to the model
SELECT protocol, system, max(shown) FILTER (WHERE task = 'row') AS row, max(shown) FILTER (WHERE task = 'unseen thread') AS "unseen thread",
	max(shown) FILTER (WHERE task = 'first 1') AS "first 1", max(shown) FILTER (WHERE task = 'first 3') AS "first 3",
	max(shown) FILTER (WHERE task = 'dominant') AS dominant, max(shown) FILTER (WHERE task = 'next') AS next
FROM (SELECT protocol, system, task, round(c.mean::numeric, 3) || coalesce(' ' || to_char(d.mean / nullif(d.error, 0), 'SG990.0'), '') AS shown
	FROM (SELECT * FROM compared WHERE other = '') c LEFT JOIN (SELECT * FROM compared WHERE other = 'model') d USING (protocol, system, task)
	WHERE system LIKE 'model%' AND protocol IN ('ordinary', 'leak-free')) x
GROUP BY protocol, system ORDER BY protocol DESC, system <> 'model', system;

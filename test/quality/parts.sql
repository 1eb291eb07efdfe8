\echo
\echo The model without a part of it, or with another: accuracy and, in standard errors, its difference to the model
SELECT protocol, system, max(shown) FILTER (WHERE task = 'row') AS row, max(shown) FILTER (WHERE task = 'unseen thread') AS "unseen thread",
	max(shown) FILTER (WHERE task = 'first 1') AS "first 1", max(shown) FILTER (WHERE task = 'first 3') AS "first 3",
	max(shown) FILTER (WHERE task = 'dominant') AS dominant, max(shown) FILTER (WHERE task = 'next') AS next
FROM (SELECT protocol, system, task, round(c.mean::numeric, 3) || coalesce(' ' || to_char(d.mean / nullif(d.error, 0), 'SG990.0'), '') AS shown
	FROM (SELECT * FROM compared WHERE other = '') c LEFT JOIN (SELECT * FROM compared WHERE other = 'model') d USING (protocol, system, task)
	WHERE system LIKE 'model%' AND protocol IN ('ordinary', 'leak-free')) x
GROUP BY protocol, system ORDER BY protocol DESC, system <> 'model', system;

\echo
\echo Trained on one half of the threads, asked about messages of the other
SELECT task, sum(size) AS size, round(avg(accuracy), 3) AS accuracy
FROM (SELECT fold, task, count(*) AS size, avg(hit) AS accuracy FROM judged WHERE protocol = 'half of the threads' GROUP BY fold, task) f
WHERE task IN ('row', 'dominant') GROUP BY task ORDER BY task DESC;

\echo
\echo MovieLens 100K: trained on one half of the films, asked for the genres of the next one of the same half and of the other
SELECT films, metric, round(max(value) FILTER (WHERE system = 'model')::numeric, 4) AS model,
	round(max(value) FILTER (WHERE system = 'history')::numeric, 4) AS own_history, round(max(value) FILTER (WHERE system = 'majority')::numeric, 4) AS majority
FROM film_figure GROUP BY films, metric ORDER BY films DESC, metric;

\echo
\echo Few labels, and names alone: accuracy, means of the folds
SELECT system, count(DISTINCT (fold, drawn)) AS trainings, round(avg(row)::numeric, 3) AS row, round(avg("unseen thread")::numeric, 3) AS "unseen thread",
	round(avg(dominant)::numeric, 3) AS dominant, round(avg(next)::numeric, 3) AS next, round(coalesce(stddev(row), 0)::numeric, 3) AS spread_of_rows
FROM (SELECT protocol, fold, split_part(system, ', draw ', 1) AS system, system AS drawn, avg(hit) FILTER (WHERE task = 'row') AS row,
		avg(hit) FILTER (WHERE task = 'unseen thread') AS "unseen thread", avg(hit) FILTER (WHERE task = 'dominant') AS dominant,
		avg(hit) FILTER (WHERE task = 'next') AS next
	FROM judged WHERE protocol IN ('few', 'names') GROUP BY protocol, fold, system) x
GROUP BY protocol, system ORDER BY protocol DESC, row;

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

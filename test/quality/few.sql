\echo
\echo Few labels, and names alone: accuracy, means of the folds
SELECT system, count(DISTINCT (fold, drawn)) AS trainings, round(avg(row)::numeric, 3) AS row, round(avg("unseen thread")::numeric, 3) AS "unseen thread",
	round(avg(dominant)::numeric, 3) AS dominant, round(avg(next)::numeric, 3) AS next, round(coalesce(stddev(row), 0)::numeric, 3) AS spread_of_rows
FROM (SELECT protocol, fold, split_part(system, ', draw ', 1) AS system, system AS drawn, avg(hit) FILTER (WHERE task = 'row') AS row,
		avg(hit) FILTER (WHERE task = 'unseen thread') AS "unseen thread", avg(hit) FILTER (WHERE task = 'dominant') AS dominant,
		avg(hit) FILTER (WHERE task = 'next') AS next
	FROM judged WHERE protocol IN ('few', 'names') GROUP BY protocol, fold, system) x
GROUP BY protocol, system ORDER BY protocol DESC, row;

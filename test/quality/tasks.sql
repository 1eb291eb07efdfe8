\echo
\echo Accuracy by task, means of the folds, with standard errors over users
SELECT protocol, system, max(shown) FILTER (WHERE task = 'row') AS row, max(shown) FILTER (WHERE task = 'unseen thread') AS "unseen thread",
	max(shown) FILTER (WHERE task = 'first 1') AS "first 1", max(shown) FILTER (WHERE task = 'first 2') AS "first 2",
	max(shown) FILTER (WHERE task = 'first 3') AS "first 3", max(shown) FILTER (WHERE task = 'first 5') AS "first 5",
	max(shown) FILTER (WHERE task = 'dominant') AS dominant, max(shown) FILTER (WHERE task = 'next') AS next
FROM (SELECT protocol, system, task, mean, round(mean::numeric, 3) || ' ± ' || round(error::numeric, 3) AS shown FROM compared
	WHERE other = '' AND protocol IN ('ordinary', 'leak-free', 'names') AND system NOT LIKE 'model, %') x
GROUP BY protocol, system ORDER BY protocol DESC, system = 'model' DESC, max(mean) FILTER (WHERE task = 'row') DESC;

\echo
\echo Rows and dominant interests by other measures, means of the folds
SELECT protocol, task, system, size, round(macro_recall::numeric, 3) AS macro_recall, round(macro_f1::numeric, 3) AS macro_f1,
	round(auc::numeric, 3) AS auc, round(log_loss::numeric, 3) AS log_loss, round(ece::numeric, 3) AS ece
FROM measured JOIN ranked USING (protocol, system, task)
WHERE protocol IN ('ordinary', 'leak-free', 'names') AND system NOT LIKE 'model, %' AND task IN ('row', 'dominant')
ORDER BY protocol DESC, task DESC, system = 'model' DESC, macro_f1 DESC;

\echo
\echo The model less the best baseline, and less TF-IDF: differences of accuracy on the same questions, and in their standard errors
SELECT m.protocol, m.task, round(m.mean::numeric, 3) AS model, best.system AS best, round(best.mean::numeric, 3) AS its_accuracy,
	round(b.mean::numeric, 4) AS difference, round((b.mean / b.error)::numeric, 1) AS errors,
	round(t.mean::numeric, 4) AS less_tfidf, round((t.mean / t.error)::numeric, 1) AS errors,
	b.mean >= -b.error AND t.mean >= 2 * t.error AS wanted
FROM compared m JOIN LATERAL (
		SELECT system, mean FROM compared c WHERE (protocol, task, other) = (m.protocol, m.task, '') AND system IN ('tfidf', 'minilm', 'both', 'blocks')
		ORDER BY mean DESC LIMIT 1) best ON true
	JOIN compared b ON (b.protocol, b.task, b.system, b.other) = (m.protocol, m.task, 'model', best.system)
	JOIN compared t ON (t.protocol, t.task, t.system, t.other) = (m.protocol, m.task, 'model', 'tfidf')
WHERE m.system = 'model' AND m.other = '' AND m.task <> 'everybody'
ORDER BY m.protocol DESC, m.task LIKE 'r%' DESC, m.task;

CREATE TEMP TABLE judged AS
	SELECT protocol, system, fold, task, "user", id, actual, (scores[1]).interest AS predicted, (scores[1]).probability AS certainty,
		(SELECT s.probability FROM unnest(scores) s WHERE s.interest = actual) AS given,
		((scores[1]).interest = actual)::int AS hit
	FROM prediction;
CREATE INDEX ON judged (protocol, system);
ANALYZE judged;

-- Means of the folds of the answers that are right, and of their differences to those of another system to the same
-- questions.  Errors are those of such a mean, over users: the messages of one user are not independent.
CREATE TEMP TABLE compared AS
	WITH item AS (
		SELECT protocol, task, system, '' AS other, fold, "user", hit AS value FROM judged
		UNION ALL
		SELECT protocol, task, a.system, b.system, fold, a."user", a.hit - b.hit
		FROM judged a JOIN judged b USING (protocol, fold, task, id)
		WHERE a.system = 'model' AND b.system IN ('tfidf', 'minilm', 'both', 'blocks') OR a.system LIKE 'model, %' AND b.system = 'model'),
	weighted AS (
		SELECT i.*, value - avg(value) OVER w AS deviation, count(*) OVER w * folds AS weight
		FROM item i JOIN (SELECT protocol, system, count(DISTINCT fold) AS folds FROM judged GROUP BY 1, 2) f USING (protocol, system)
		WINDOW w AS (PARTITION BY protocol, task, system, other, fold))
	SELECT protocol, task, system, other, sum(mean) AS mean, sqrt(sum(deviation * deviation)) AS error
	FROM (SELECT protocol, task, system, other, "user", sum(value / weight::float8) AS mean, sum(deviation / weight) AS deviation
		FROM weighted GROUP BY protocol, task, system, other, "user") u
	GROUP BY protocol, task, system, other;

CREATE TEMP TABLE ranked AS
	SELECT protocol, system, task, avg(auc) AS auc
	FROM (SELECT protocol, system, fold, task, s.interest, interest_auc(s.interest = actual, s.probability) AS auc
		FROM prediction, unnest(scores) s GROUP BY protocol, system, fold, task, s.interest) x
	GROUP BY protocol, system, task;

CREATE TEMP TABLE measured AS
	SELECT protocol, system, task, sum(size) AS size, avg(recall) AS macro_recall, avg(f1) AS macro_f1,
		avg(log_loss) AS log_loss, avg(ece) AS ece
	FROM (SELECT protocol, system, fold, task, count(*) AS size,
			interest_macro_recall(actual, predicted) AS recall, interest_macro_f1(actual, predicted) AS f1,
			avg(-ln(greatest(given, 1e-12))) AS log_loss, interest_ece(predicted = actual, certainty) AS ece
		FROM judged GROUP BY protocol, system, fold, task) x
	GROUP BY protocol, system, task;

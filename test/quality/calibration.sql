-- How far probabilities and sets can be believed, users of all folds together.
SELECT setseed(.5) AS seed \gset
CREATE TEMP TABLE believed AS
	SELECT protocol, CASE WHEN task = 'dominant' THEN '3 or more'
			ELSE ('{1,2,3-5,6-10,11 or more}'::text[])[width_bucket(count, '{1,2,3,6,11}'::bigint[])] END AS messages,
		certainty, hit = 1 AS correct, given
	FROM judged JOIN (SELECT "user", count(*) FROM behaviour GROUP BY "user") b USING ("user")
	WHERE system = 'model' AND protocol IN ('ordinary', 'leak-free') AND task IN ('dominant', 'everybody');

\echo
\echo Calibration of users, by how many messages they have; perfect probabilities have the simulated ECE, a mean of 200 draws of the truth
SELECT protocol, messages, users, round(log_loss::numeric, 3) AS log_loss, round(ece::numeric, 4) AS ece,
	round(simulated::numeric, 4) AS simulated, round((ece - simulated)::numeric, 4) AS excess
FROM (SELECT protocol, messages, count(*) AS users, avg(-ln(greatest(given, 1e-12))) AS log_loss, interest_ece(correct, certainty) AS ece
		FROM believed GROUP BY protocol, messages) b
	JOIN (SELECT protocol, messages, avg(ece) AS simulated
		FROM (SELECT protocol, messages, interest_ece(random() < certainty, certainty) AS ece
			FROM believed, generate_series(1, 200) draw GROUP BY protocol, messages, draw) d
		GROUP BY protocol, messages) s USING (protocol, messages)
ORDER BY protocol DESC, messages = '11 or more', messages = '3 or more', messages;

-- The error is that of the users who are asked and of those who taught how large a set must be: of two folds, two
-- thirds of them are the same.
\echo
\echo Sets that were asked to hold the right interest of 90 users of 100
SELECT protocol, users, round(covered, 4) AS covered, round(((covered - .9) / sqrt(.09 / users + .09 * (2 + 1.0 / folds) / 3 / learned))::numeric, 1) AS errors,
	round(abstained, 3) AS abstained, round(size, 2) AS size
FROM (SELECT protocol, count(*) AS folds, sum(users) AS users, avg(learned) AS learned, sum(covered) / sum(users) AS covered,
		sum(abstained) / sum(users) AS abstained, sum(size) / sum(users) AS size
	FROM (SELECT protocol, fold, count(*) AS users, min(learned) AS learned, count(*) FILTER (WHERE actual = ANY (interests)) AS covered,
			count(*) FILTER (WHERE interests IS NULL) AS abstained, sum(coalesce(cardinality(interests), 0)) AS size
		FROM conformal GROUP BY protocol, fold) f
	GROUP BY protocol) p
ORDER BY protocol DESC;

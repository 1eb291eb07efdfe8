-- From what baselines say of each message to all tasks: a user is the mean of the messages.
CREATE TEMP TABLE said (protocol text, system text, fold int, message text, probabilities real[]);
\copy said from pstdin
INSERT INTO prediction
	SELECT protocol, system, fold, task, "user", id, actual,
		array_agg((interest, probability)::interest_score ORDER BY probability DESC, interest)
	FROM (SELECT protocol, system, s.fold, task, "user", id, actual, interest, avg(probability)::real AS probability
		FROM said s JOIN question USING (message), unnest(probabilities,
			(SELECT array_agg(DISTINCT interest COLLATE "C" ORDER BY interest COLLATE "C") FROM behaviour)) p (probability, interest)
		GROUP BY protocol, system, s.fold, task, "user", id, actual, interest) mean
	GROUP BY protocol, system, fold, task, "user", id, actual;

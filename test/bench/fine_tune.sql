-- Models that read messages with the encoder as it was, and as it became: what they say of one message of a user whom
-- neither has seen.  A quarter of the users; those of fold 3 test, and of the others one of ten validates.
SET client_min_messages = warning;
CREATE VIEW chosen AS
	SELECT "user", fold, posted_at, message, interest, subject, body,
		CASE WHEN fold = 3 THEN 'test' WHEN ('x' || right("user", 6))::bit(24)::int % 10 = 0 THEN 'validation' ELSE 'train' END AS split
	FROM behaviour WHERE ('x' || left("user", 6))::bit(24)::int % 4 = 0;
CREATE TABLE answer (encoder text, words bool, message text, interest text, scores interest_score[]);

CREATE PROCEDURE ask(encoder text, words bool) LANGUAGE plpgsql AS $$
DECLARE
	model text := encoder || ' ' || words;
BEGIN
	PERFORM interest_create_model(model, 'chosen', encoder => encoder, user_id => 'user', at => 'posted_at', texts => '{subject,body}',
		label => 'interest', task => 'dominant', options => jsonb_build_object('split_column', 'split', 'words', words));
	PERFORM interest_train(model, epochs => 10);
	INSERT INTO answer SELECT encoder, words, message, min(interest), interest_classify(model, s) FROM chosen s WHERE split = 'test' GROUP BY message;
END $$;

SELECT interest_create_model('tuner', 'chosen', encoder => 'minilm', user_id => 'user', at => 'posted_at', texts => '{subject,body}',
	label => 'interest', task => 'dominant', options => '{"split_column": "split"}') \g /dev/null
SELECT split, count(*) AS messages, count(DISTINCT "user") AS users FROM chosen GROUP BY split ORDER BY split;
SELECT epoch, round(loss::numeric, 3) AS loss, round(validation_loss::numeric, 3) AS validation_loss, round(accuracy::numeric, 3) AS accuracy,
	round(tokens_per_second) AS tokens_per_second, round(seconds) AS seconds
FROM interest_fine_tune_encoder('tuner', 'minilm tuned', epochs => :epochs, layers => :layers);
CALL ask('minilm', false);
CALL ask('minilm', true);
CALL ask('minilm tuned', false);
CALL ask('minilm tuned', true);
SELECT encoder, words, count(*) AS messages, round(avg(((scores[1]).interest = a.interest)::int), 3) AS accuracy,
	round(avg(-ln(greatest((SELECT probability FROM unnest(scores) s WHERE s.interest = a.interest), 1e-12)))::numeric, 3) AS log_loss
FROM (SELECT encoder, words, message, interest, scores FROM answer) a
GROUP BY encoder, words ORDER BY words, encoder;

-- What the encoder's learning changes, with standard errors over users.
CREATE VIEW change AS
	SELECT words, c."user", (b.hit - a.hit)::float8 AS accuracy, b.loss - a.loss AS log_loss
	FROM (SELECT *, ((scores[1]).interest = interest)::int AS hit, -ln(greatest((SELECT probability FROM unnest(scores) s WHERE s.interest = x.interest), 1e-12)) AS loss
			FROM answer x WHERE encoder = 'minilm') a
		JOIN (SELECT *, ((scores[1]).interest = interest)::int AS hit, -ln(greatest((SELECT probability FROM unnest(scores) s WHERE s.interest = x.interest), 1e-12)) AS loss
			FROM answer x WHERE encoder = 'minilm tuned') b USING (words, message)
		JOIN chosen c USING (message);
SELECT words, round(sum(accuracy)::numeric / sum(n)::numeric, 3) AS accuracy, round((sqrt(sum((accuracy - n * accuracy_mean) ^ 2)) / sum(n))::numeric, 3) AS accuracy_error,
	round(sum(log_loss)::numeric / sum(n)::numeric, 3) AS log_loss, round((sqrt(sum((log_loss - n * log_loss_mean) ^ 2)) / sum(n))::numeric, 3) AS log_loss_error
FROM (SELECT words, "user", sum(accuracy) AS accuracy, sum(log_loss) AS log_loss, count(*)::float8 AS n FROM change GROUP BY words, "user") u
	JOIN (SELECT words, avg(accuracy) AS accuracy_mean, avg(log_loss) AS log_loss_mean FROM change GROUP BY words) m USING (words)
GROUP BY words ORDER BY words;

-- What the baselines read, a JSON object a message: its vector by the server's encoder, its words by the server's parser.
SELECT json_build_object('message', message, 'fold', fold, 'thread', thread, 'interest', interest, 'subject', subject, 'body', body,
	'vector', interest_encode(concat_ws(E'\n', nullif(subject, ''), nullif(body, '')), 'minilm'),
	'subject_words', (SELECT json_object_agg(lexeme, cardinality(positions)) FROM unnest(to_tsvector(subject))),
	'body_words', (SELECT json_object_agg(lexeme, cardinality(positions)) FROM unnest(to_tsvector(body))))
FROM behaviour ORDER BY posted_at, message;

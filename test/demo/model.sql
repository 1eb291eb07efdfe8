CREATE EXTENSION interest;
SELECT interest_load_encoder('minilm', :'directory') AS encoder;
SELECT dimensions, layers, max_length, pooling, pg_size_pretty(size) AS size FROM interest_encoders;

-- The interest to learn is the genres of the film that somebody rates next;
-- the genres of films rated before may be used, those of the next may not.
SELECT interest_create_model('films', 'rating_row', encoder => 'minilm',
	user_id => 'user_id', at => 'rated_at', texts => '{title}', kind => 'action',
	numerics => '{age}', categoricals => '{gender,occupation,genres}',
	label => 'genres', task => 'next') AS model;

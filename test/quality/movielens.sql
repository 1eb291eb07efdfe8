-- The model of make demo, trained on the ratings of one half of the films, and asked about those of the other.
CREATE VIEW rating_of_half AS SELECT * FROM rating_row WHERE md5(title) < '8';
CREATE VIEW rating_of_other_half AS SELECT * FROM rating_row WHERE md5(title) >= '8';
SELECT interest_create_model('films', 'rating_of_half', encoder => 'minilm',
	user_id => 'user_id', at => 'rated_at', texts => '{title}', kind => 'action',
	numerics => '{age}', categoricals => '{gender,occupation,genres}', label => 'genres', task => 'next') AS model \gset
SET client_min_messages = warning;
SELECT count(*) AS epochs FROM interest_train('films') \gset
CREATE TABLE film_figure AS
	SELECT films, e.* FROM (VALUES ('the same', 'rating_of_half'::regclass), ('the other', 'rating_of_other_half')) v (films, source),
		interest_evaluate('films', source => source) e
	WHERE interest IS NULL AND metric IN ('accuracy', 'auc', 'log_loss');

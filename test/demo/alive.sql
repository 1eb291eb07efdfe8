-- The view cannot have triggers; the table below it that tells the person can.
SELECT interest_track('films', on_tables => '{rating}') AS profiles;

CREATE FUNCTION interests_of(person int, OUT interests text, OUT horror text) LANGUAGE sql STABLE AS $$
	SELECT string_agg(i.interest, ', ' ORDER BY i.probability DESC) FILTER (WHERE i.rank <= 4),
		max(round(i.probability::numeric, 3)::text) FILTER (WHERE i.interest = 'Horror')
	FROM unnest(interest_classify(person, 'films')) WITH ORDINALITY i (interest, probability, rank) $$;

\echo Person 42 rates ten horror films, one after the other, and thinks better of it.
SELECT * FROM interests_of(42) \gset before_
BEGIN;
INSERT INTO rating
	SELECT 42, film_id, 5, (SELECT max(seconds) FROM rating WHERE user_id = 42) + 3600 * row_number() OVER (ORDER BY film_id)
	FROM film WHERE genres LIKE '%Horror%' ORDER BY film_id LIMIT 10;
SELECT * FROM interests_of(42) \gset after_
ROLLBACK;
SELECT * FROM interests_of(42) \gset again_
SELECT * FROM (VALUES ('before', :'before_interests', :'before_horror'), ('ten films later', :'after_interests', :'after_horror'),
	('rolled back', :'again_interests', :'again_horror')) v ("when", interests, horror);

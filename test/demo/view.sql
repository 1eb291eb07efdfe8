-- A behaviour row: who did what, with what, when.
CREATE VIEW rating_row AS
	SELECT r.user_id, to_timestamp(r.seconds) AS rated_at,
		f.title || coalesce(' (' || f.year || ')', '') AS title,
		CASE WHEN r.stars >= 4 THEN 'like' WHEN r.stars >= 3 THEN 'view' ELSE 'dislike' END AS action,
		string_to_array(f.genres, ' ') AS genres,
		p.age, p.gender, p.occupation
	FROM rating r JOIN film f USING (film_id) JOIN person p USING (user_id);
CREATE INDEX ON rating (user_id);
ANALYZE;
SELECT count(*) AS rows, count(DISTINCT user_id) AS people, min(rated_at)::date AS first, max(rated_at)::date AS last
FROM rating_row;

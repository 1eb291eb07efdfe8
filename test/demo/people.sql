WITH chosen AS (
	SELECT user_id, count(*) AS films,
		row_number() OVER (ORDER BY count(*), user_id) AS rank, count(*) OVER () AS people
	FROM rating GROUP BY user_id)
SELECT p.user_id AS person, p.age, p.gender, p.occupation, c.films, i.interest,
	round(i.probability::numeric, 3) AS probability,
	repeat('#', (40 * i.probability)::int) AS bar
FROM chosen c JOIN person p USING (user_id),
	LATERAL (SELECT * FROM unnest(interest_classify(c.user_id)) LIMIT 4) i
WHERE c.rank IN (1, c.people / 2, c.people)
ORDER BY c.rank, i.probability DESC;

\echo One person as a value: the evidence behind it, and the first numbers of the vector.
SELECT v.positive_rows, v.negative_rows, v.newest, round(v.coarse_share::numeric, 3) AS coarse_share,
	round(v.medium_share::numeric, 3) AS medium_share, round(v.fine_share::numeric, 3) AS fine_share,
	(interest_embed(42)::real[])[1:4] AS u
FROM interestvec_info(interest_embed(42)) v;

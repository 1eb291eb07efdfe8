SELECT metric,
	round(max(value) FILTER (WHERE system = 'model')::numeric, 4) AS model,
	round(max(value) FILTER (WHERE system = 'history')::numeric, 4) AS own_history,
	round(max(value) FILTER (WHERE system = 'majority')::numeric, 4) AS majority
FROM interest_evaluate('films')
WHERE interest IS NULL AND metric NOT LIKE '%\_rows\_%'
GROUP BY metric
ORDER BY metric;
\echo own_history: the share of each genre among what a person rated before; majority: the share among everybody.
\echo These people rated most of their films within one hour, so that interests of a day,
\echo of two weeks and of half a year hardly differ here.

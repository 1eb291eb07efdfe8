-- Every text once, by two workers: who needs it later finds it in the shared cache.
SET max_parallel_workers_per_gather = 2;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_leader_participation = off;
SELECT count(interest_encode(concat_ws(E'\n', nullif(subject, ''), nullif(body, '')), :'encoder')) FROM behaviour;

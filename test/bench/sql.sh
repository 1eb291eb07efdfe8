#!/bin/sh
# sql.sh - what SQL adds to the core: texts, first calls, memory, a refresh.
#
#   test/bench/sql.sh
#
# Runs on a private server with the real encoder and the MovieLens rows that
# make setup puts into the cache.  Times are CPU times of the one backend, so
# that a shared machine disturbs them little; each is the median of 3.
set -eu
cd "$(dirname "$0")/../.."

. test/bench/private.sh

start_private shared_buffers=256MB work_mem=64MB max_parallel_workers_per_gather=0 jit=off

# Nanoseconds of CPU that a statement takes its backend, after a first one that warms up.
#   $1 settings and warm-up   $2 statement
cpu()
{
	sql <<-EOT
		$1
		SELECT pg_backend_pid() AS pid \gset
		\setenv BACKEND :pid
		\! cut -d ' ' -f 1 /proc/\$BACKEND/schedstat
		\o /dev/null
		$2
		\o
		\! cut -d ' ' -f 1 /proc/\$BACKEND/schedstat
	EOT
}

median_cpu()
{
	for i in 1 2 3; do
		cpu "$1" "$2" | tail -n 2 | paste -s -d ' ' | awk '{ printf "%.0f\n", $2 - $1 }'
	done | sort -n | sed -n 2p
}

# The tables, the view and the model of the demo.
sql -f test/demo/tables.sql
for table in film:item person:user rating:inter; do
	tail -n +2 "$INTEREST_ROWS/ml-100k.${table#*:}" | sql -c "\\copy ${table%:*} from stdin"
done
sql -f test/demo/view.sql >/dev/null
sql -v directory="$model" -f test/demo/model.sql >/dev/null
sql -c 'SET client_min_messages = warning' -f test/demo/train.sql >/dev/null
sql -c "CREATE TABLE title AS SELECT title || ' ' || n AS t FROM (SELECT DISTINCT title FROM film) f, generate_series(1, 7) n ORDER BY md5(title || n) LIMIT 10000"
sql -c 'SELECT t FROM title' >"$dir/titles.txt"
chmod 644 "$dir/titles.txt"

mkdir -p build/bench
flags=$(sed -n 's/^FLAGS = //p' Makefile)
${CC:-cc} -std=gnu99 -O2 $flags -Wall -Wextra -Wno-unused-parameter -Isrc -Itest/unit \
	-o build/bench/texts_bench test/bench/texts_bench.c \
	test/unit/check.c test/unit/json.c test/unit/model_files.c \
	src/core/base/*.c src/core/text/*.c src/core/kernel/*.c src/core/encoder/*.c -lutf8proc -lm
core=$(build/bench/texts_bench "$INTEREST_MODEL" auto "$dir/titles.txt")

warm="SELECT interest_encode('warm', 'minilm') AS warm \\gset"

# The same 10,000 texts, which no cache knows, as rows come and one by one.
test/server.sh stop "$dir"
test/server.sh start "$dir" shared_buffers=256MB work_mem=64MB max_parallel_workers_per_gather=0 jit=off interest.shared_cache=0
titles=$(median_cpu "$warm" "SELECT count(interest_encode(t, 'minilm')) FROM title;")
single=$(median_cpu "SET interest.encode_ahead = 0; $warm" "SELECT count(interest_encode(t, 'minilm')) FROM title;")
array=$(median_cpu "$warm" "SELECT count(*) FROM (SELECT unnest(interest_encode(array_agg(t), 'minilm')) FROM (SELECT t, row_number() OVER () / 64 AS n FROM title) x GROUP BY n) y;")
test/server.sh stop "$dir"
test/server.sh start "$dir" shared_buffers=256MB work_mem=64MB max_parallel_workers_per_gather=0 jit=off

echo
echo "10,000 different titles, microseconds a text"
echo "$core" | awk -v titles="$titles" -v single="$single" -v array="$array" '{
	printf "%-44s %8.1f  (%.1f tokens a text)\n", "core library, batches of 32", $1, $2
	printf "%-44s %8.1f  %.2f of the core\n", "SELECT interest_encode(text)", titles / 1e7, titles / 1e7 / $1
	printf "%-44s %8.1f  %.2f of the core\n", "  with interest.encode_ahead = 0", single / 1e7, single / 1e7 / $1
	printf "%-44s %8.1f  %.2f of the core\n", "SELECT interest_encode(text[]) of 64", array / 1e7, array / 1e7 / $1 }'

echo
echo "first call in a new backend, milliseconds of CPU"
sql -c "SELECT interest_encode('first', 'minilm')" >/dev/null
for i in 1 2 3 4 5; do
	cpu "" "SELECT interest_encode('one more ' || random(), 'minilm');" | tail -n 2 | paste -s -d ' ' | awk '{ printf "%.2f\n", ($2 - $1) / 1e6 }'
done | sort -n | awk '{ t[NR] = $1 } END { printf "%-44s %8.2f\n", "packed weights are there", t[3] }'

echo
echo "memory of 8 backends that have encoded, kB each"
for i in 1 2 3 4 5 6 7 8; do
	sql -c "SELECT 1" -c "SELECT interest_encode('text ' || n, 'minilm') FROM generate_series(1, 200) n" -c "SELECT pg_sleep(8)" >/dev/null &
done
sleep 6
sql -F ' ' -c "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" |
while read -r pid; do
	awk '/^Pss:/ { p = $2 } /^Private_Dirty:/ { d = $2 } /^Anonymous:/ { a = $2 } END { print p, d, a }' "/proc/$pid/smaps_rollup"
done | awk '{ p += $1; d += $2; a += $3; n++ } END { printf "%-44s %8.0f\n%-44s %8.0f\n%-44s %8.0f\n", "Pss", p / n, "Private_Dirty", d / n, "Anonymous", a / n }'
wait

echo
echo "100,000 rows of the demo, $(sql -c 'SELECT count(DISTINCT title) FROM rating_row') titles"
sql -c "CREATE TABLE rows AS SELECT * FROM rating_row" -c "ANALYZE rows"
rows=$(median_cpu "SELECT interest_accumulate('films', r) IS NULL AS warm FROM rows r \\gset" "SELECT count(p) FROM (SELECT interest_accumulate('films', r) AS p FROM rows r GROUP BY user_id) x;")
view=$(median_cpu "SELECT interest_accumulate('films', r) IS NULL AS warm FROM rows r \\gset" "SELECT count(p) FROM (SELECT interest_embed('films', r) AS p FROM rating_row r GROUP BY user_id) x;")
sql -c "CREATE TABLE part AS SELECT user_id, interest_accumulate('films', r) AS p FROM rows r GROUP BY user_id" -c "INSERT INTO part SELECT user_id, p FROM part, generate_series(1, 99)"
merge=$(median_cpu "SELECT count(*) AS warm FROM part \\gset" "SELECT interest_merge(p) FROM part;")
scan=$(median_cpu "SELECT count(*) AS warm FROM part \\gset" "SELECT count(p) FROM part;")
awk -v rows="$rows" -v view="$view" -v merge="$merge" -v scan="$scan" 'BEGIN {
	printf "%-44s %8.0f rows/s\n", "interest_accumulate by user, from a table", 1e5 / (rows / 1e9)
	printf "%-44s %8.2f s\n", "the demo'"'"'s refresh (view of three tables)", view / 1e9
	printf "%-44s %8.0f profiles/s\n", "interest_merge of 94,300 profiles", 94300 / (merge / 1e9)
	printf "%-44s %8.0f profiles/s\n", "  without reading the table", 94300 / ((merge - scan) / 1e9) }'

echo
echo "tracked profiles of the demo, microseconds"
inserts="DO 'BEGIN FOR i IN 1..500 LOOP INSERT INTO rating VALUES (1 + i % 900, 1 + i % 1600, 4, 893286638 + i); END LOOP; END';"
plain=$(median_cpu "" "BEGIN; $inserts ROLLBACK;")
sql -c "SELECT interest_track('films', on_tables => '{rating}')" >/dev/null
tracked=$(median_cpu "SELECT interest_classify(1, 'films') AS warm \\gset" "BEGIN; $inserts ROLLBACK;")
sql -c "SELECT interest_rebuild('films')" >/dev/null
classify=$(median_cpu "SELECT count(interest_classify(user_id, 'films')) AS warm FROM person WHERE user_id <= 300 \\gset" "SELECT count(interest_classify(user_id, 'films')) FROM person WHERE user_id <= 300;")
awk -v plain="$plain" -v tracked="$tracked" -v classify="$classify" 'BEGIN {
	printf "%-44s %8.0f\n", "an insert, untracked", plain / 500 / 1e3
	printf "%-44s %8.0f\n", "an insert, tracked by marks (a view)", tracked / 500 / 1e3
	printf "%-44s %8.0f\n", "classify one tracked user, warm", classify / 300 / 1e3 }'

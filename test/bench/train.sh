#!/bin/sh
# train.sh - time and memory of a training, and what parallel workers add to it.
#
#   test/bench/train.sh [ROWS.tsv.xz]
#
# The rows are those of ../shared/data/20news-behaviour.tsv.xz: a user's posts,
# with a title, a body and an interest.  Runs on a private server with the real
# encoder in int8 (training does not depend on the storage), every setting as the
# server has it but for JIT.  Memory is the most that the backend had at any time
# (VmHWM), its part of shared_buffers included, and the most of its own (RssAnon),
# looked at 50 times a second.
set -eu
cd "$(dirname "$0")/../.."

rows=${1:-../shared/data/20news-behaviour.tsv.xz}
. test/bench/private.sh

[ -r "$rows" ] || { echo "train: there is no $rows" >&2; exit 1; }
start_private jit=off

sql <<-EOT
	SET client_min_messages = warning;
	CREATE EXTENSION interest;
	CREATE TABLE behaviour ("user" text, fold int, posted_at timestamptz, message text PRIMARY KEY, thread text, interest text, subject text, body text);
	\copy behaviour from program 'xz -dc $rows'
	SELECT interest_load_encoder('minilm', '$model', 'int8') \g /dev/null
	CREATE TABLE tenfold AS SELECT "user" || n AS "user", posted_at, interest, subject, body FROM behaviour, generate_series(1, 10) n;
	CREATE TABLE sample AS SELECT * FROM behaviour ORDER BY message LIMIT 1000;
	ANALYZE;
	CREATE FUNCTION make(name text, source regclass) RETURNS text LANGUAGE sql AS \$\$
		SELECT interest_create_model(name, source, encoder => 'minilm', user_id => 'user', at => 'posted_at',
			texts => '{subject,body}', label => 'interest', task => 'dominant') \$\$;
	SELECT make('sample', 'sample'), make('behaviour', 'behaviour'), make('tenfold', 'tenfold') \g /dev/null
EOT

# Seconds that a training takes, those of its epochs, its memory and that of its own in MB; in a new session.
#   $1 model   $2 epochs   $3 workers
train()
{
	sql <<-EOT
		SET client_min_messages = warning;
		SET max_parallel_maintenance_workers = $3;
		SELECT pg_backend_pid() AS pid \gset
		\setenv BACKEND :pid
		\! while grep RssAnon /proc/\$BACKEND/status; do sleep 0.02; done >"$dir/own" 2>/dev/null &
		SELECT clock_timestamp() AS began \gset
		SELECT sum(seconds) AS epochs FROM interest_train('$1', epochs => $2, patience => $2) \gset
		SELECT round(extract(epoch FROM clock_timestamp() - :'began')::numeric, 1), round(:epochs::numeric, 1);
		\! awk '/VmHWM/ { printf "%.0f\n", \$2 / 1024 }' /proc/\$BACKEND/status
		\! sort -k 2n "$dir/own" | awk 'END { printf "%.0f\n", \$2 / 1024 }'
	EOT
}

line()
{
	printf '%-50s %8s\n' "$1" "$2"
}

# New texts for each, the second time they are known.
for workers in 0 2; do
	sql -c "UPDATE sample SET body = body || ' $workers'"
	new=$(train sample 1 $workers | sed -n '1s/|.*//p')
	known=$(train sample 1 $workers | sed -n '1s/|.*//p')
	line "1,000 texts encoded by $workers workers and the backend, s" "$(echo "$new $known" | awk '{ print $1 - $2 }')"
done

train behaviour 1 2 >/dev/null
for source in behaviour:6 tenfold:2; do
	epochs=${source#*:}
	set -- $(train "${source%:*}" "$epochs" 0 | tr '|' ' ')
	line "${source%:*}: rows" "$(sql -c "SELECT count(*) FROM ${source%:*}")"
	line "  training of $epochs epochs, all texts known, s" "$1"
	line "  its epochs, s" "$2"
	line "  memory, MB" "$3"
	line "  of its own, MB" "$4"
done

#!/bin/sh
# run.sh - how well models tell the interests of authors they have never seen.
#
#   test/quality/run.sh [behaviour.tsv.xz]
#   FOLDS=0 test/quality/run.sh     one fold instead of all four
#   test/quality/run.sh clean       stops the server and deletes what was measured
#
# Loads the rows into a private server, trains models by SQL on the users of
# the other folds, and measures what they say about the users of the fold:
# "ordinary" on all rows of the others, "leak-free" on those whose thread has
# no row in the fold.  "names" is a model of the interests' names, which sees
# no label, and "few" one that starts from it with some.  A message by itself
# is a "row"; the other tasks are about users with 3 messages or more.
# baselines.py says what the model is compared with; then come its calibration,
# the model without each part or with another, and what it knows of threads and
# films that it was not trained on.  Two folds are at work at a time; all of
# them take an hour or so on 2 cores.
#
# What is measured is kept, and the server runs on: a run that was interrupted
# goes on where it was.
set -eu
umask 022
cd "$(dirname "$0")/../.."

: "${PG_CONFIG:=pg_config}" "${FOLDS:=0 1 2 3}"
: "${INTEREST_QUALITY_DIR:=/tmp/interest-quality-$(id -un)}"
export PG_CONFIG LANG=C.UTF-8 LC_ALL=C.UTF-8 PAGER=cat PSQLRC=/dev/null
dir=$INTEREST_QUALITY_DIR

if [ "${1:-}" = clean ]; then
	test/server.sh remove "$dir"
	exit 0
fi

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d quality "$@"
}

show()
{
	psql -X -q -P footer=off -v ON_ERROR_STOP=1 -d quality "$@"
}

# Loads the rows, unless they are there and what was measured is of this very build.
load()
{
	now=$(cat interest.so "$file" test/quality/*.sql test/quality/baselines.py test/quality/newsgroups.names | sha256sum)
	[ "$now" != "$(cat "$dir/measured" 2>/dev/null || true)" ] || return 0
	psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'SET client_min_messages = warning' \
		-c 'DROP DATABASE IF EXISTS quality' -c 'CREATE DATABASE quality'
	sql -v directory="$(test/server.sh reach "$dir" "$INTEREST_MODEL")" -f test/quality/tables.sql
	xz -dc "$file" | sql -c '\copy behaviour from stdin'
	sql -v names="$(sed "s/'/''/g" test/quality/newsgroups.names)" -f test/quality/prepare.sql
	rm -f "$dir/posts"
	echo "$now" >"$dir/measured"
}

# The demo's rows, model and measures.
films()
{
	[ "$(sql -c "SELECT to_regclass('film_figure') IS NULL")" = t ] || return 0
	sql -c 'SET client_min_messages = warning' -c 'DROP TABLE IF EXISTS film, person, rating CASCADE' -f test/demo/tables.sql
	for table in film:item person:user rating:inter; do
		tail -n +2 "$INTEREST_ROWS/ml-100k.${table#*:}" | sql -c "\\copy ${table%:*} from stdin"
	done
	sql -f test/demo/view.sql >/dev/null
	sql -1 -f test/quality/movielens.sql
}

# One user of ten validates; a user is a hash.
validating="('x' || right(\"user\", 6))::bit(24)::int % 10 = 0"

# What a model of texts is best made with (README says why): half of what the
# encoder says and half of a message are left out at random, the gate learns
# faster, ten epochs, and then anew from those who validate, too.
recipe='{"dropout": {"sentence": 0.5, "sum": 0.5}, "gate_rate": 30, "refit": true}'

# One fold of a model, unless it was measured; all of it or nothing is kept.
#   $1 protocol   $2 system   $3 fold   $4 ... what model.sql takes besides, name=value
model()
{
	protocol=$1 system=$2 fold=$3
	shift 3
	where="protocol = '$protocol' AND system = '$system' AND fold = $fold"
	[ "$(sql -c "SELECT EXISTS (SELECT FROM prediction WHERE $where)")" = f ] || return 0
	set -- rows=true labelled=true validating="$validating" asked=true author=user label=interest \
		task=dominant encoder=minilm recipe="$recipe" options={} epochs=10 named=false trained=true sets=false "$@"
	for set; do
		shift
		set -- "$@" -v "$set"
	done
	sql -1 -v protocol="$protocol" -v system="$system" -v fold="$fold" "$@" -f test/quality/model.sql
	sql -c "SELECT '$(date +%T) fold $fold, $protocol, $system:', string_agg(task || ' ' || accuracy, ', ' ORDER BY task DESC)
		FROM (SELECT task, round(avg(((scores[1]).interest = actual)::int), 3) AS accuracy
			FROM prediction WHERE $where AND task IN ('row', 'dominant') GROUP BY task) t" -F ' ' >&2
}

# One fold of the baselines, likewise.
baselines()
{
	[ -x "$python" ] && [ "$(sql -c "SELECT EXISTS (SELECT FROM prediction WHERE system = 'tfidf' AND fold = $1)")" = f ] || return 0
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" test/quality/baselines.py "$dir/posts" "$1" >"$dir/said.$1"
	sql -1 -f test/quality/baselines.sql <"$dir/said.$1"
}

# Rows of other threads than those of a fold.
leak_free()
{
	echo "thread NOT IN (SELECT thread FROM behaviour WHERE fold = $1)"
}

# What is measured of a fold, in three parts.
tasks()
{
	model ordinary model "$1" sets=true
	model leak-free model "$1" sets=true rows="$(leak_free "$1")"
	model names names "$1" named=true recipe={} trained=false
	baselines "$1"
}

few_labels()
{
	for share in 1 10; do
		model few "names, $share of 100 users" "$1" named=true \
			labelled="('x' || left(\"user\", 6))::bit(24)::int % 100 < $share"
	done
	for few in 1 5; do
		for draw in 0 1 2 3 4; do
			model few "names, $few labelled an interest, draw $draw" "$1" named=true labelled="message IN
				(SELECT message FROM (SELECT message, row_number() OVER (PARTITION BY interest ORDER BY md5(message || '$draw')) AS n
					FROM behaviour WHERE fold <> $1 AND NOT $validating) x WHERE n <= $few)"
		done
	done
	model "half of the threads" model "$1" rows="thread < '8'" asked="thread >= '8'"
}

# The model without a part of it, or with another.
#   $1 fold   $2 name   $3 ... what model.sql takes
part()
{
	of=$1 name=$2
	shift 2
	model ordinary "model, $name" "$of" "$@"
	model leak-free "model, $name" "$of" rows="$(leak_free "$of")" "$@"
}

parts()
{
	part "$1" "words only" encoder= options='{"sentences": false}'
	part "$1" "sentences only" options='{"words": false}'
	part "$1" "learned from single messages" author=message
	part "$1" "one half-life" options='{"half_lives": {"coarse": 180, "medium": 180, "fine": 180}}'
	for fusion in add multiply gate attention; do
		part "$1" "$fusion" options="{\"fusion\": \"$fusion\"}"
	done
	for head in logistic lda; do
		part "$1" "$head" options="{\"head\": \"$head\"}"
	done
	part "$1" svm options='{"head": "svm", "refit": false}'
	part "$1" sigmoid task=user label='ARRAY[actual]'
	part "$1" "int8 encoder" encoder=int8
}

# A part of all folds, two at a time: this script is its own worker.
folds()
{
	printf '%s\n' $FOLDS | xargs -P 2 -I FOLD test/quality/run.sh fold "$1" FOLD
}

if [ "${1:-}" = fold ]; then
	"$2" "$3"
	exit 0
fi

file=${1:-../shared/data/20news-behaviour.tsv.xz}
[ -r "$file" ] || { echo "quality: no file $file" >&2; exit 1; }
test/setup.sh
eval "$(test/setup.sh paths)"
python=$(dirname "$INTEREST_MODEL")/baselines/bin/python
if ! "$python" -c 'import sklearn' 2>/dev/null; then
	echo "quality: installing scikit-learn into ${python%/bin/python}"
	{ python3 -m venv "${python%/bin/python}" && "$python" -m pip install -q --disable-pip-version-check numpy scikit-learn; } ||
		{ echo "quality: no scikit-learn, so no baselines" >&2; python=; }
fi
test/server.sh start "$dir" shared_buffers=256MB work_mem=64MB maintenance_work_mem=512MB jit=off \
	interest.shared_cache=512MB default_text_search_config=pg_catalog.english
eval "$(test/server.sh env "$dir")"
load
for encoder in minilm int8; do
	sql -v encoder=$encoder -f test/quality/encode.sql >/dev/null
done

if [ -x "$python" ] && [ ! -f "$dir/posts" ]; then
	sql -f test/quality/posts.sql >"$dir/posts.new"
	mv "$dir/posts.new" "$dir/posts"
fi
export python
folds tasks
show -f test/quality/measures.sql -f test/quality/tasks.sql -f test/quality/calibration.sql
folds few_labels
films
show -f test/quality/measures.sql -f test/quality/few.sql
folds parts
show -f test/quality/measures.sql -f test/quality/parts.sql

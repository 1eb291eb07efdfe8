#!/bin/sh
# run.sh - interests of real people, from a fresh machine to the first answer.
#
#   test/demo/run.sh          sets up, starts a private server, trains on MovieLens 100K, shows what came out
#   test/demo/run.sh clean    stops that server and deletes what the demo made
#
# It can be run again: everything is made anew but what was downloaded and built.
set -eu
umask 022
cd "$(dirname "$0")/../.."

: "${PG_CONFIG:=pg_config}"
export PG_CONFIG
: "${INTEREST_DEMO_DIR:=/tmp/interest-demo-$(id -un)}"
# What is printed means the same whatever the user's language.
export LANG=C.UTF-8 LC_ALL=C.UTF-8 PAGER=cat PSQLRC=/dev/null

say()
{
	printf '\n== %s\n' "$*"
}

if [ "${1:-}" = clean ]; then
	test/server.sh remove "$INTEREST_DEMO_DIR"
	echo "demo: the server is stopped, $INTEREST_DEMO_DIR is gone"
	exit 0
fi

# psql on the demo's database; the first failing statement ends the demo.
sql()
{
	psql -X -q -v ON_ERROR_STOP=1 -P border=1 -P footer=off -d interest_demo "$@"
}

# Fills a table from a tab-separated file with a heading.
fill()
{
	tail -n +2 "$2" | sql -c "\\copy $1 from stdin"
}

say "1. Set-up: packages, encoder, rows, build"
test/setup.sh
eval "$(test/setup.sh paths)"

say "2. A private server in $INTEREST_DEMO_DIR"
test/server.sh start "$INTEREST_DEMO_DIR" shared_buffers=256MB work_mem=64MB
eval "$(test/server.sh env "$INTEREST_DEMO_DIR")"
model=$(test/server.sh reach "$INTEREST_DEMO_DIR" "$INTEREST_MODEL")
psql -X -q -v ON_ERROR_STOP=1 -d postgres \
	-c 'DROP DATABASE IF EXISTS interest_demo' -c 'CREATE DATABASE interest_demo' 2>&1 | grep -v NOTICE || true

say "3. 100,000 ratings of 1,682 films by 943 people (MovieLens 100K)"
sql -f test/demo/tables.sql
fill film "$INTEREST_ROWS/ml-100k.item"
fill person "$INTEREST_ROWS/ml-100k.user"
fill rating "$INTEREST_ROWS/ml-100k.inter"
sql -f test/demo/view.sql

say "4. A text encoder, and a model: what is known of a person, and what shall be known"
sql -v directory="$model" -f test/demo/model.sql

say "5. Training, on 80 of 100 people"
sql -f test/demo/train.sql

say "6. How good it is, on 10 of 100 people who were not trained on"
sql -f test/demo/evaluate.sql

say "7. Interests of three people"
sql -f test/demo/people.sql

say "8. Interests of everybody, as a materialized view"
sql -f test/demo/everybody.sql

say "9. Alive: a new rating changes the interests at once"
sql -f test/demo/alive.sql

say "10. What to watch next, whom to tell, what to say"
sql -f test/demo/recommend.sql

say "To look at: a page about the model and three people"
sql -At -c "SELECT interest_report('films', users => '{13,42,405}')" >"$INTEREST_DEMO_DIR/report.html"
echo "$INTEREST_DEMO_DIR/report.html"

say "Go on by hand"
cat <<EOT
PATH=$(dirname "$(command -v psql)"):\$PATH psql -h $PGHOST -p $PGPORT -U $PGUSER interest_demo
  SELECT * FROM unnest(interest_classify(42, 'films'));
  SELECT * FROM interest_models;
The server runs until: make demo-clean
EOT

#!/bin/sh
# fine_tune.sh - what an encoder learns from a model's rows, and how fast.
#
#   test/bench/fine_tune.sh [ROWS.tsv.xz]
#   LAYERS=NULL EPOCHS=2 test/bench/fine_tune.sh     all layers, two epochs
#
# The rows are those of ../shared/data/20news-behaviour.tsv.xz, a quarter of
# their users.  Runs on a private server with the real encoder.
set -eu
cd "$(dirname "$0")/../.."

rows=${1:-../shared/data/20news-behaviour.tsv.xz}
: "${LAYERS:=2}" "${EPOCHS:=3}"
. test/bench/private.sh

[ -r "$rows" ] || { echo "fine_tune: there is no $rows" >&2; exit 1; }
start_private jit=off

psql -X -q -P footer=off -v ON_ERROR_STOP=1 -v layers="$LAYERS" -v epochs="$EPOCHS" -d postgres <<-EOT
	CREATE EXTENSION interest;
	CREATE TABLE behaviour ("user" text, fold int, posted_at timestamptz, message text PRIMARY KEY, thread text, interest text, subject text, body text);
	\copy behaviour from program 'xz -dc $rows'
	SELECT interest_load_encoder('minilm', '$model') \g /dev/null
	\i test/bench/fine_tune.sql
EOT

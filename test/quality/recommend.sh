#!/bin/sh
# recommend.sh - what people like next: a model of the task next_item on
# MovieLens 100K beside popularity, ALS and BPR of the package `implicit`,
# item neighbours and EASE, all ranked by the same code (recommend.py).
#
#   test/quality/recommend.sh          two minutes or less
#   test/quality/recommend.sh clean    stops the server and deletes what was measured
set -eu
umask 022
cd "$(dirname "$0")/../.."

: "${PG_CONFIG:=pg_config}" "${INTEREST_QUALITY_DIR:=/tmp/interest-quality-$(id -un)}"
export PG_CONFIG LANG=C.UTF-8 LC_ALL=C.UTF-8 PAGER=cat PSQLRC=/dev/null
dir=$INTEREST_QUALITY_DIR-recommend

if [ "${1:-}" = clean ]; then
	test/server.sh remove "$dir"
	exit 0
fi

sql()
{
	psql -X -q -v ON_ERROR_STOP=1 -d recommend "$@"
}

test/setup.sh
eval "$(test/setup.sh paths)"
peers=$(dirname "$INTEREST_MODEL")/recommenders
if ! "$peers/bin/python" -c 'import implicit' 2>/dev/null; then
	echo "quality: installing implicit into $peers"
	python3 -m venv "$peers" && "$peers/bin/python" -m pip install -q --disable-pip-version-check numpy scipy implicit
fi
test/server.sh start "$dir" shared_buffers=256MB work_mem=64MB maintenance_work_mem=512MB jit=off
eval "$(test/server.sh env "$dir")"
psql -X -q -v ON_ERROR_STOP=1 -d postgres -c 'SET client_min_messages = warning' \
	-c 'DROP DATABASE IF EXISTS recommend' -c 'CREATE DATABASE recommend'
sql -c 'CREATE EXTENSION interest' -f test/demo/tables.sql
for table in film:item person:user rating:inter; do
	tail -n +2 "$INTEREST_ROWS/ml-100k.${table#*:}" | sql -c "\\copy ${table%:*} from stdin"
done
sql=$PWD/test/quality python=$peers/bin/python
mkdir -p "$dir/lists" && cd "$dir/lists"
sql -o /dev/null -v directory="$("$sql/../server.sh" reach "$dir" "$INTEREST_MODEL")" -f "$sql/recommend.sql"
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$python" "$sql/recommend.py" .

# private.sh - sourced from the project's folder by what measures on a server of
# its own, which goes when the script ends:
#
#   . test/bench/private.sh
#   start_private [name=value ...]     with these settings; model is where the server can read the encoder

: "${PG_CONFIG:=pg_config}"
export PG_CONFIG LANG=C.UTF-8 LC_ALL=C.UTF-8 PAGER=cat PSQLRC=/dev/null

start_private()
{
	test/setup.sh
	eval "$(test/setup.sh paths)"
	dir=$(mktemp -d /tmp/interest-bench.XXXXXX)
	trap 'test/server.sh remove "$dir"' EXIT
	trap 'exit 1' HUP INT TERM
	test/server.sh start "$dir" "$@"
	eval "$(test/server.sh env "$dir")"
	model=$(test/server.sh reach "$dir" "$INTEREST_MODEL")
}

sql()
{
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d postgres "$@"
}

#!/bin/sh
# server.sh - a private PostgreSQL server in a folder of its own, for the tests and the demo.
#
#   test/server.sh start DIR [name=value ...]     makes DIR and its server once, starts it with these settings
#   test/server.sh stop DIR                       stops it; its data stay
#   test/server.sh remove DIR                     stops it and deletes DIR
#   test/server.sh env DIR                        prints PATH, PGHOST, PGPORT and PGUSER as shell exports
#   test/server.sh psql DIR [argument ...]        psql on it
#   test/server.sh as DIR command [argument ...]  runs a command in DIR as the server's user, connected
#   test/server.sh reach DIR PATH                 prints where the server's user can read PATH; copies it into DIR if it must
#   test/server.sh own DIR NAME PATH ...          copies PATHs into a folder NAME that the server's user may write, prints where
#
# The server listens on a socket in DIR and on no port, and only its own user
# and root get in.  No other server is touched.  As root, which the server
# refuses, it runs as INTEREST_SERVER_USER (postgres); otherwise as whoever
# calls.  DIR must lie where that user can go: not under a closed home.
set -eu
umask 022

: "${PG_CONFIG:=pg_config}"
: "${INTEREST_SERVER_USER:=postgres}"

die()
{
	echo "server: $*" >&2
	exit 1
}

[ $# -ge 2 ] || die "usage: $(sed -n 's,^#   \(test/server.sh [a-z]* DIR[^ ]*\).*,\1,p' "$0" | tr '\n' ';')"
verb=$1
dir=$2
shift 2
[ "$verb" != remove ] || [ -d "$dir" ] || exit 0
bin=$("$PG_CONFIG" --bindir 2>/dev/null) || die "no $PG_CONFIG: run make setup first"
marker=$dir/interest-server

connect()
{
	export PGHOST="$dir/socket" PGPORT=54329 PGUSER=postgres PATH="$bin:$PATH"
	unset PGDATABASE PGOPTIONS PGSERVICE PGPASSFILE 2>/dev/null || true
}

# Runs a command as the server's user, in DIR: the caller's folder may be closed to it.
as_server()
{
	if [ "$(id -u)" = 0 ]; then
		(cd "$dir" && unset TMPDIR && HOME="$dir" exec runuser -u "$INTEREST_SERVER_USER" -- "$@")
	else
		(cd "$dir" && exec "$@")
	fi
}

give_to_server()
{
	[ "$(id -u)" != 0 ] || chown -R "$INTEREST_SERVER_USER" "$@"
}

is_running()
{
	[ -f "$dir/data/postmaster.pid" ] && as_server "$bin/pg_ctl" status -D "$dir/data" >/dev/null 2>&1
}

# Makes DIR, or sees that it is one of ours.
prepare()
{
	case $dir in
	/*) ;;
	*) die "$dir must be an absolute path" ;;
	esac
	# A socket's path has room for 107 bytes, its name takes 15.
	[ ${#dir} -le 80 ] || die "$dir is too long for a socket: take one of at most 80 bytes"
	if [ ! -f "$marker" ]; then
		[ -z "$(ls -A "$dir" 2>/dev/null)" ] || die "$dir holds something else: name another folder"
		if [ "$(id -u)" = 0 ] && ! id "$INTEREST_SERVER_USER" >/dev/null 2>&1; then
			die "no user $INTEREST_SERVER_USER to run the server, which refuses root: name one with INTEREST_SERVER_USER=..."
		fi
		mkdir -p "$dir/socket" "$dir/files"
		chmod 755 "$dir"
		chmod 700 "$dir/socket"
		: >"$marker"
		give_to_server "$dir"
	fi
	as_server test -w . 2>/dev/null ||
		die "the user of the server, $INTEREST_SERVER_USER, cannot reach $dir: name a folder outside of closed homes"
}

start()
{
	prepare
	if [ ! -f "$dir/data/PG_VERSION" ]; then
		# --no-sync: a machine that loses power loses nothing but tests and a demo
		as_server "$bin/initdb" -D "$dir/data" -U postgres --auth=trust --no-sync \
			--encoding=UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 ||
			{ cat "$dir/initdb.log" >&2; die "initdb failed"; }
		echo "include 'interest.conf'" >>"$dir/data/postgresql.conf"
	fi
	! is_running || return 0
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$dir/socket'"
		echo "unix_socket_permissions = 0700"
		for setting in "$@"; do
			echo "${setting%%=*} = '$(echo "${setting#*=}" | sed "s/'/''/g")'"
		done
	} >"$dir/data/interest.conf"
	give_to_server "$dir/data/interest.conf"
	as_server "$bin/pg_ctl" start -w -t 60 -D "$dir/data" -l "$dir/server.log" -o "-p $PGPORT" >/dev/null </dev/null ||
		{ tail -n 20 "$dir/server.log" >&2; die "the server did not start (log: $dir/server.log)"; }
}

stop()
{
	! is_running || as_server "$bin/pg_ctl" stop -w -m fast -D "$dir/data" >/dev/null ||
		die "the server of $dir did not stop"
}

case $verb in
start | psql | as | env | stop | remove)
	connect
	;;
esac

case $verb in
start)
	start "$@"
	;;
stop)
	stop
	;;
remove)
	[ -f "$marker" ] || die "$dir is not a folder of server.sh"
	stop
	rm -rf "$dir"
	;;
env)
	echo "export PGHOST='$PGHOST' PGPORT=$PGPORT PGUSER=$PGUSER PATH='$bin':\"\$PATH\""
	;;
psql)
	exec "$bin/psql" "$@"
	;;
as)
	as_server "$@"
	;;
reach)
	prepare
	# find complains where a folder above or below is closed to the user
	if [ -z "$(as_server find "$1" ! -readable 2>&1)" ]; then
		echo "$1"
	else
		[ -e "$dir/files/$(basename "$1")" ] || cp -R "$1" "$dir/files/"
		echo "$dir/files/$(basename "$1")"
	fi
	;;
own)
	prepare
	folder=$dir/files/$1
	shift
	mkdir -p "$folder"
	cp -Rp "$@" "$folder/"
	give_to_server "$folder"
	echo "$folder"
	;;
*)
	die "unknown verb $verb"
	;;
esac

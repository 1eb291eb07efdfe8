#!/bin/sh
# run.sh - every test, in parts, each whatever happened to those before it.
#
#   test/run.sh [part ...]    listed unit unit-sanitize emulated lint-gcc lint-clang symbols regress isolation tap
#
# Sets up what is missing first.  The output of a part is in build/log; of one
# that failed it is shown.  The last line counts all parts together.
#
# What the tests may read, each readable by the server's user:
#   INTEREST_MODEL        the real encoder's folder
#   INTEREST_ROWS         the MovieLens rows' folder
#   INTEREST_TINY         the folder of the tiny encoders
#   INTEREST_GOLDEN_DIR   reference tokens and vectors (../shared/golden where there is one);
#                         unset where there are none, and their tests say that they skip
set -eu
umask 022
cd "$(dirname "$0")/.."

: "${PG_CONFIG:=pg_config}"
: "${MAKE:=make}"
export PG_CONFIG
# A make above passes its job slots on, which the makes here must not inherit.
unset MAKEFLAGS MFLAGS MAKELEVEL || true
# Tests mean the same whatever the user's language.  The server's TAP library
# drops LC_ALL, so that a cluster of theirs takes its encoding from LANG.
unset LANGUAGE LC_CTYPE LC_COLLATE LC_MESSAGES LC_MONETARY LC_NUMERIC LC_TIME || true
export LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC
# Freed memory is overwritten, so that who reads it is seen (glibc).
export MALLOC_PERTURB_=165

parts=${*:-listed unit unit-sanitize emulated lint-gcc lint-clang symbols regress $([ ! -d test/specs ] || echo isolation) tap}
logs=build/log
work=
complete=no
passed=0
failed=0
skipped=0

close()
{
	trap - EXIT
	[ -z "$work" ] || test/server.sh remove "$work" || true
	# stopped on the way: what did not run has not passed
	[ $complete = yes ] || failed=$((failed + 1))
	echo
	[ $skipped -eq 0 ] || echo "skipped: $skipped (grep -ri skip $logs says why)"
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
	exit $?
}

# How many lines of a log match.
lines()
{
	grep -cE "$2" "$1" || true
}

# Sets ok, bad and skip from the log of a part.
count()
{
	case $1 in
	unit* | emulated)
		# programs close with "N passed, N failed", and ", N skipped" where they did
		ok=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $1 } END { print n + 0 }' "$2")
		bad=$(awk '/^[0-9]+ passed, [0-9]+ failed/ { n += $3 } END { print n + 0 }' "$2")
		skip=$(lines "$2" '^# skipped: ')
		;;
	regress | isolation)
		# the second form is that of 16 and newer
		ok=$(lines "$2" '^test .* \.\.\. ok |^ok [0-9]+ ')
		bad=$(lines "$2" '^test .* \.\.\. FAILED|^not ok [0-9]+ ')
		;;
	tap)
		ok=$(grep -E '^ok [0-9]+' "$2" | grep -vc '# skip' || true)
		bad=$(lines "$2" '^not ok [0-9]+')
		skip=$(lines "$2" '^ok [0-9]+.*# skip|^1\.\.0 # SKIP')
		;;
	esac
}

# On other processors, if this machine can be one; else says that it skips.
emulated()
{
	if [ "$(uname -m)" != x86_64 ]; then
		echo "# skipped: processors are emulated on x86-64 only"
	elif ! test/setup.sh emulators; then
		echo "# skipped: no emulators"
	else
		"$MAKE" -j2 --output-sync=target emulated
	fi
}

# Runs a part, counts it, and shows its output when it failed.
part()
{
	name=$1
	shift
	log=$logs/$name.log
	begin=$(date +%s)
	ok=0 bad=0 skip=0 status=0
	"$@" >"$log" 2>&1 </dev/null || status=$?
	count "$name" "$log"
	# A part that failed without saying what, or that ran nothing, is one failure;
	# a part with nothing to count is itself one test.
	case $name in
	unit* | emulated | regress | isolation | tap)
		if [ $bad -eq 0 ] && { [ $status -ne 0 ] || [ $((ok + skip)) -eq 0 ]; }; then
			bad=1
		fi
		;;
	*)
		if [ $status -eq 0 ]; then ok=1; else bad=1; fi
		;;
	esac
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	printf '%-14s %6d ok %4d not ok %4d skipped %5d s\n' "$name" $ok $bad $skip $(($(date +%s) - begin))
	[ $bad -eq 0 ] || show "$name" "$log"
}

# The end of a failed part's output, and what its tool left beside it.
show()
{
	echo "---- $1 (all of it: $2)"
	grep -nE '^not ok|FAILED|error: |runtime error|ERROR: AddressSanitizer|exit status' "$2" | head -n 40 || true
	echo "----"
	# there is one closing count, at the end of everything
	tail -n 60 "$2" | grep -vE '^[0-9]+ passed, [0-9]+ failed' || true
	[ ! -f "$logs/$1/regression.diffs" ] || head -n 400 "$logs/$1/regression.diffs"
	for failure in $(sed -n 's,^test/t/\([^ ]*\)\.pl .*Wstat.*,\1,p' "$2"); do
		echo "---- regress_log_$failure"
		tail -n 40 "$logs/$1/log/regress_log_$failure" 2>/dev/null || true
	done
	echo "---- end of $1"
}

# The tests against a server run as its user, on a copy of what they need: the
# tree may lie where that user cannot go, and pg_regress writes beside its input.
installcheck()
{
	rm -rf "$tree/regression.diffs" "$tree/output_iso" "$tree/tmp_check"
	test/server.sh as "$work" "$MAKE" -C "$tree" installcheck PG_CONFIG="$PG_CONFIG" \
		PROVE_FLAGS='--verbose --timer' "$@" || status=$?
	mkdir -p "$logs/$name"
	for left in regression.diffs output_iso/regression.diffs tmp_check/log; do
		[ ! -e "$tree/$left" ] || cp -R "$tree/$left" "$logs/$name/"
	done
	return $status
}

run_part()
{
	case $1 in
	listed | symbols) part "$1" "$MAKE" "$1" ;;
	unit | unit-sanitize) part "$1" "$MAKE" -j2 "$1" ;;
	emulated) part emulated emulated ;;
	lint-gcc) part "$1" "$MAKE" -j2 lint CC=gcc ;;
	lint-clang) part "$1" "$MAKE" -j2 lint CC="$clang" ;;
	regress) part "$1" installcheck ISOLATION= TAP_TESTS= ;;
	isolation) part "$1" installcheck REGRESS= TAP_TESTS= ;;
	tap)
		# without it, the test of pages says that it skips
		test/setup.sh browser || true
		part "$1" installcheck REGRESS= ISOLATION=
		;;
	*) echo "unknown part $1" >&2; failed=$((failed + 1)) ;;
	esac
}

# A makefile's own default must not hide where the tests find them.
unset INTEREST_MODEL INTEREST_ROWS INTEREST_TINY || true

trap close EXIT
trap 'exit 1' HUP INT TERM

test/setup.sh

rm -rf "$logs"
mkdir -p "$logs"

clang=clang
command -v clang >/dev/null || clang=$(ls -v /usr/bin/clang-[0-9]* | tail -n 1)

work=$(mktemp -d /tmp/interest-test.XXXXXX)

eval "$(test/setup.sh paths)"
INTEREST_MODEL=$(test/server.sh reach "$work" "$INTEREST_MODEL")
INTEREST_ROWS=$(test/server.sh reach "$work" "$INTEREST_ROWS")
export INTEREST_MODEL INTEREST_ROWS

: "${INTEREST_GOLDEN_DIR:=../shared/golden}"
if [ -d "$INTEREST_GOLDEN_DIR" ]; then
	INTEREST_GOLDEN_DIR=$(test/server.sh reach "$work" "$(cd "$INTEREST_GOLDEN_DIR" && pwd)")
	export INTEREST_GOLDEN_DIR
else
	unset INTEREST_GOLDEN_DIR
fi

if "$MAKE" tiny >$logs/tiny.log 2>&1; then
	INTEREST_TINY=$(test/server.sh reach "$work" "$(pwd)/build/tiny")
	export INTEREST_TINY
else
	failed=1
	show tiny $logs/tiny.log
fi

tree=$(test/server.sh own "$work" tree Makefile interest.control interest--*.sql src sql expected docs test)
test/server.sh start "$work" fsync=off full_page_writes=off log_min_messages=warning ||
	failed=$((failed + 1))
eval "$(test/server.sh env "$work")"

for name in $parts; do
	run_part "$name"
done
complete=yes

#!/bin/sh
# check_symbols.sh - the library shows the server what it must, and nothing else.
#
#   test/check_symbols.sh interest.so
#
# A backend loads many libraries into one namespace, so every name is ours by
# its prefix; what the install script calls must be there.
set -eu
library=$1
script=$(dirname "$0")/../interest--1.0.sql

names=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort -u)

strange=$(echo "$names" | grep -vE '^(interest|Interest|pg_finfo_interest)|^(Pg_magic_func|_PG_init|_PG_fini)$' || true)
[ -z "$strange" ] || { echo "$library exports names that are not ours:" $strange >&2; exit 1; }

for name in Pg_magic_func _PG_init; do
	echo "$names" | grep -qx "$name" || { echo "$library lacks $name" >&2; exit 1; }
done

# The C name is the second string, else the SQL name.
called=$(awk '/^CREATE FUNCTION/ { name = $3; sub(/\(.*/, "", name); sub(/.*\./, "", name) }
	/MODULE_PATHNAME/ { split($0, part, "\047"); print part[4] != "" ? part[4] : name }' "$script" | sort -u)
[ -n "$called" ] || { echo "found no C function in $script" >&2; exit 1; }

missing=
for name in $called; do
	for needed in "$name" "pg_finfo_$name"; do
		echo "$names" | grep -qx "$needed" || missing="$missing $needed"
	done
done
[ -z "$missing" ] || { echo "$library lacks what interest--1.0.sql calls:$missing" >&2; exit 1; }

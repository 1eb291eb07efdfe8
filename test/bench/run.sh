#!/bin/sh
# run.sh - how fast the encoder is, against this core's peak and ONNX Runtime.
#
#   test/bench/run.sh [KERNEL]     auto unless named
#
# Needs the encoder that make setup puts into the cache, or a Hugging Face
# directory named by INTEREST_MODEL. ONNX Runtime comes into an environment of
# its own in the cache; without it (no network) the peer's columns are empty.
# It reports; it passes no judgement.
set -eu
cd "$(dirname "$0")/../.."

kernel=${1:-auto}
: "${INTEREST_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/interest}"
if [ -z "${INTEREST_MODEL:-}" ]; then
	eval "$(test/setup.sh paths)"
fi
if [ ! -f "$INTEREST_MODEL/model.safetensors" ]; then
	echo "bench: no encoder in $INTEREST_MODEL: make setup gets it, INTEREST_MODEL=... names another" >&2
	exit 1
fi

# The flags that results depend on are those of the Makefile.
mkdir -p build/bench
flags=$(sed -n 's/^FLAGS = //p' Makefile)
${CC:-cc} -std=gnu99 -O2 $flags -Wall -Wextra -Wno-unused-parameter -Isrc -Itest/unit \
	-o build/bench/encoder_bench test/bench/encoder_bench.c \
	test/unit/check.c test/unit/json.c test/unit/model_files.c \
	src/core/base/*.c src/core/text/*.c src/core/kernel/*.c src/core/encoder/*.c -lutf8proc -lm

# One thread of the peer; OpenBLAS would read a forced processor type.
export OMP_NUM_THREADS=1
unset OPENBLAS_CORETYPE || true
peers=$INTEREST_CACHE/peers
: >build/bench/peers.out
if [ ! -x "$peers/bin/python" ]; then
	echo "bench: installing ONNX Runtime into $peers"
	mkdir -p "$INTEREST_CACHE"
	python3 -m venv "$peers" && "$peers/bin/pip" install -q --disable-pip-version-check onnx onnxruntime numpy ||
		rm -rf "$peers"
fi
if [ -x "$peers/bin/python" ]; then
	"$peers/bin/python" test/bench/peers.py "$INTEREST_MODEL" >build/bench/peers.out ||
		echo "bench: ONNX Runtime cannot run this encoder" >&2
fi

build/bench/encoder_bench "$INTEREST_MODEL" "$kernel" >build/bench/ours.out
grep -v '^encode\|^vector\|^scratch' build/bench/ours.out
awk '
!mine && $1 == "encode" { peer[$2 " " $3] = $4 }
!mine && $1 == "version" { version = $2 }
!mine && $1 == "vector" { theirs = $2 " " $3 " " $4 }
!mine { next }
$1 == "vector" {
	ours = $2 " " $3 " " $4
	printf "\none text: %s\n", ours
	if (theirs) printf "    peer: %s\n", theirs
	printf "\nencoder, microseconds a token\n%12s %8s", "texts", "ours"
	if (theirs) printf " %12s %8s", "onnx " version, "ratio"
	printf "\n"
}
$1 == "encode" {
	other = peer[$2 " " $3]
	printf "%5d x %4d %8.1f", $2, $3, $4
	if (other) printf " %12.1f %7.2fx", other, other / $4
	printf "\n"
}' build/bench/peers.out mine=1 build/bench/ours.out

#!/bin/sh
# run.sh - how fast the encoder is, against this core's peak and other programs.
#
#   test/bench/run.sh [KERNEL]     auto unless named
#
# Needs the encoder and the MovieLens rows that make setup puts into the cache,
# or a Hugging Face directory named by INTEREST_MODEL. The peers (ONNX Runtime,
# llama.cpp, sentence-transformers on PyTorch, numpy's OpenBLAS) come into an
# environment of their own in the cache; what cannot be installed (no network, for
# llama.cpp no cmake) is left out. llama.cpp compiles for some ten minutes of a core.
# Everything runs on one thread and is measured by its CPU time. It reports; it
# passes no judgement.
set -eu
cd "$(dirname "$0")/../.."

kernel=${1:-auto}
: "${INTEREST_CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/interest}"
model=${INTEREST_MODEL:-}
eval "$(test/setup.sh paths)"
INTEREST_MODEL=${model:-$INTEREST_MODEL}
if [ ! -f "$INTEREST_MODEL/model.safetensors" ]; then
	echo "bench: no encoder in $INTEREST_MODEL: make setup gets it, INTEREST_MODEL=... names another" >&2
	exit 1
fi

# The flags that results depend on are those of the Makefile.
mkdir -p build/bench
flags=$(sed -n 's/^FLAGS = //p' Makefile)
for program in encoder_bench texts_bench; do
	${CC:-cc} -std=gnu99 -O2 $flags -Wall -Wextra -Wno-unused-parameter -Isrc -Itest/unit \
		-o build/bench/$program test/bench/$program.c \
		test/unit/check.c test/unit/json.c test/unit/model_files.c \
		src/core/base/*.c src/core/text/*.c src/core/kernel/*.c src/core/encoder/*.c -lutf8proc -lm
done
tail -n +2 "$INTEREST_ROWS/ml-100k.item" | cut -f 2 >build/bench/titles.txt

# One thread of the peers; OpenBLAS would read a forced processor type.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
unset OPENBLAS_CORETYPE || true
peers=$INTEREST_CACHE/peers
python=$peers/bin/python
if [ ! -x "$python" ]; then
	mkdir -p "$INTEREST_CACHE"
	python3 -m venv "$peers" || rm -rf "$peers"
fi

# A peer's lines, each after its name, so that one file can hold them all.
#   $1 name   $2 module that it needs   $3 packages   $4 ... arguments of peers.py
peer()
{
	name=$1 module=$2 packages=$3
	shift 3
	if ! "$python" -c "import $module" 2>/dev/null; then
		echo "bench: installing $packages into $peers"
		"$python" -m pip install -q --disable-pip-version-check $packages || return 0
	fi
	"$python" test/bench/peers.py "$name" "$@" 2>build/bench/$name.log | sed "s/^/$name /" >>build/bench/peers.out
	grep -q "^$name" build/bench/peers.out || echo "bench: no figures of $name, see build/bench/$name.log" >&2
}

: >build/bench/peers.out
if [ -x "$python" ]; then
	peer blas numpy numpy
	peer onnx onnxruntime "onnx onnxruntime numpy" "$INTEREST_MODEL"
	export CMAKE_ARGS="-DLLAVA_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_COMMON=OFF"
	peer llama llama_cpp "llama-cpp-python gguf numpy" "$INTEREST_MODEL"
	peer torch sentence_transformers sentence-transformers "$INTEREST_MODEL" build/bench/titles.txt
fi

build/bench/encoder_bench "$INTEREST_MODEL" "$kernel" >build/bench/ours.out
for storage in fp32 bf16 int8; do
	for batch in 32 1; do
		echo "texts $storage $batch $(build/bench/texts_bench "$INTEREST_MODEL" "$kernel" "$PWD/build/bench/titles.txt" $storage $batch)"
	done
done >>build/bench/ours.out

grep -v '^encode\|^vector\|^scratch\|^texts' build/bench/ours.out
awk '
function ratio(theirs, ours) { return theirs ? sprintf("%7.2fx", theirs / ours) : sprintf("%8s", "-") }
function peer(name, storage, shape) { return sprintf("   %7.1f %s", theirs[name " " storage " " shape], ratio(theirs[name " " storage " " shape], time[storage " " shape])) }

FILENAME ~ /peers/ && $2 == "version" { version[$1] = $4 }
FILENAME ~ /peers/ && $2 == "blas" {
	if (!($3 in seen)) { seen[$3]; order[++rows] = $3 }
	line[$3] = line[$3] sprintf(" %8d    ", $6)
	if ($3 == order[1]) head = head sprintf(" %6dx%-5d", $4, $5)
}
FILENAME ~ /peers/ && $2 == "encode" { theirs[$1 " " $3 " " $4 " " $5] = $6 }
FILENAME ~ /peers/ && $2 == "texts" { theirs["texts " $3] = $4 }
FILENAME ~ /peers/ && $2 == "vector" { vector[$1 " " $3] = $4 " " $5 " " $6 }
FILENAME ~ /peers/ { next }

$1 == "vector" { vector["ours"] = $2 " " $3 " " $4 }
$1 == "encode" { time[$2 " " $3 " " $4] = $5; share[$2 " " $3 " " $4] = $6
	if ($2 == "fp32") shape[++shapes] = $3 " " $4 }
$1 == "texts" { texts[$2 " " $3] = $4 }

END {
	if (rows) {
		printf "fp32 products by OpenBLAS %s: billions of operations a second\n%9s%s\n", version["blas"], "n x k", head
		for (i = 1; i <= rows; i++) printf "m = %5d%s\n", order[i], line[order[i]]
	}
	printf "\none text: %s\n", vector["ours"]
	for (s in vector) if (s != "ours") printf "%s: %s\n", s, vector[s]
	printf "\nencoder, microseconds a token (share of its roofline); ONNX Runtime %s, llama.cpp (llama-cpp-python %s) and their ratios\n", version["onnx"], version["llama"]
	printf "%12s %13s %13s %13s %18s %18s %18s %18s\n", "texts", "fp32", "bf16", "int8", "onnx fp32", "onnx int8", "llama fp32", "llama int8"
	for (i = 1; i <= shapes; i++) {
		split(shape[i], n, " ")
		printf "%5d x %4d", n[1], n[2]
		for (s = 1; s <= split("fp32 bf16 int8", storages, " "); s++)
			printf " %7.1f (%2d%%)", time[storages[s] " " shape[i]], share[storages[s] " " shape[i]]
		print peer("onnx", "fp32", shape[i]) peer("onnx", "int8", shape[i]) peer("llama", "fp32", shape[i]) peer("llama", "int8", shape[i])
	}
	printf "\nMovieLens titles, microseconds a title; sentence-transformers on PyTorch %s and its ratio to each\n", version["torch"]
	printf "%12s %8s %8s %8s %10s %8s %8s %8s\n", "batches of", "fp32", "bf16", "int8", "torch", "fp32", "bf16", "int8"
	for (b = 32; b >= 1; b -= 31)
		printf "%12d %8.0f %8.0f %8.0f %10.0f %s %s %s\n", b, texts["fp32 " b], texts["bf16 " b], texts["int8 " b], theirs["texts " b],
			ratio(theirs["texts " b], texts["fp32 " b]), ratio(theirs["texts " b], texts["bf16 " b]), ratio(theirs["texts " b], texts["int8 " b])
}' build/bench/peers.out build/bench/ours.out

# interest: make, make install, make installcheck as in every extension;
# make test and make demo install what they need first (test/setup.sh).

EXTENSION = interest
MODULE_big = interest
DATA = interest--1.0.sql
PGFILEDESC = "interest - learns what users are interested in from their behaviour rows"
INTEREST_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" interest.control)

CORE = \
	src/core/base/arena.o \
	src/core/base/bytes.o \
	src/core/base/deterministic.o \
	src/core/base/eigen.o \
	src/core/base/hash.o \
	src/core/base/sort.o \
	src/core/base/status.o \
	src/core/base/store.o \
	src/core/encoder/attention.o \
	src/core/encoder/backward.o \
	src/core/encoder/config.o \
	src/core/encoder/encoder.o \
	src/core/encoder/forward.o \
	src/core/encoder/safetensors.o \
	src/core/encoder/samples.o \
	src/core/encoder/weights.o \
	src/core/explain/counterfactual.o \
	src/core/explain/ledger.o \
	src/core/explain/quadrature.o \
	src/core/explain/removal.o \
	src/core/explain/split.o \
	src/core/explain/surrogate.o \
	src/core/explain/tokens.o \
	src/core/explain/tree.o \
	src/core/kernel/avx2.o \
	src/core/kernel/avx2_bf16.o \
	src/core/kernel/avx2_int8.o \
	src/core/kernel/avx512.o \
	src/core/kernel/avx512bf16.o \
	src/core/kernel/avx512vnni.o \
	src/core/kernel/avxvnni.o \
	src/core/kernel/kernel.o \
	src/core/kernel/neon.o \
	src/core/kernel/neon_bf16.o \
	src/core/kernel/neon_int8.o \
	src/core/kernel/neondot.o \
	src/core/kernel/portable.o \
	src/core/kernel/portable_narrow.o \
	src/core/kernel/sgemm.o \
	src/core/kernel/storage.o \
	src/core/measure/compare.o \
	src/core/measure/conformal.o \
	src/core/measure/curves.o \
	src/core/measure/errors.o \
	src/core/measure/metrics.o \
	src/core/model/image.o \
	src/core/model/model.o \
	src/core/network/behaviour.o \
	src/core/network/codebook.o \
	src/core/network/features.o \
	src/core/network/fusion.o \
	src/core/network/head.o \
	src/core/network/lda.o \
	src/core/network/linear.o \
	src/core/network/row_network.o \
	src/core/network/words.o \
	src/core/picture/canvas.o \
	src/core/picture/chart.o \
	src/core/picture/map.o \
	src/core/picture/markup.o \
	src/core/picture/matrix.o \
	src/core/picture/page.o \
	src/core/picture/sums.o \
	src/core/profile/decay.o \
	src/core/profile/notation.o \
	src/core/profile/reading.o \
	src/core/profile/state.o \
	src/core/profile/state_codes.o \
	src/core/profile/state_format.o \
	src/core/profile/state_text.o \
	src/core/profile/topics.o \
	src/core/profile/vector.o \
	src/core/profile/vector_text.o \
	src/core/recommend/best.o \
	src/core/recommend/catalogue.o \
	src/core/recommend/recommend.o \
	src/core/recommend/search.o \
	src/core/text/clean.o \
	src/core/text/entities.o \
	src/core/text/normalize.o \
	src/core/text/tokenizer.o \
	src/core/text/unicode_tables.o \
	src/core/text/unspaced.o \
	src/core/text/vocabulary.o \
	src/core/training/adam.o \
	src/core/training/baseline.o \
	src/core/training/calibrate.o \
	src/core/training/codebook.o \
	src/core/training/evaluate.o \
	src/core/training/fine_tune.o \
	src/core/training/history.o \
	src/core/training/items.o \
	src/core/training/names.o \
	src/core/training/optimizer.o \
	src/core/training/pass.o \
	src/core/training/predict.o \
	src/core/training/prepare.o \
	src/core/training/rank.o \
	src/core/training/reading_gradient.o \
	src/core/training/sample.o \
	src/core/training/train.o \
	src/core/training/transfer.o

GLUE = \
	src/pg/aggregates.o \
	src/pg/attempt.o \
	src/pg/audience.o \
	src/pg/catalogue.o \
	src/pg/catalogue_follow.o \
	src/pg/catalogue_pack.o \
	src/pg/content_cache.o \
	src/pg/create_model.o \
	src/pg/dates.o \
	src/pg/definition.o \
	src/pg/describe.o \
	src/pg/digest.o \
	src/pg/doctor.o \
	src/pg/doctor_data.o \
	src/pg/doctor_items.o \
	src/pg/doctor_live.o \
	src/pg/document_reader.o \
	src/pg/encode.o \
	src/pg/encode_ahead.o \
	src/pg/encode_ahead_call.o \
	src/pg/encode_ahead_plan.o \
	src/pg/encode_cache.o \
	src/pg/encode_workers.o \
	src/pg/encoder_directory.o \
	src/pg/encoder_store.o \
	src/pg/explain.o \
	src/pg/explain_lines.o \
	src/pg/explain_text.o \
	src/pg/filter.o \
	src/pg/fine_tune.o \
	src/pg/followers.o \
	src/pg/items.o \
	src/pg/json.o \
	src/pg/lexemes.o \
	src/pg/list.o \
	src/pg/live_fold.o \
	src/pg/live_plan.o \
	src/pg/live_read.o \
	src/pg/live_setup.o \
	src/pg/live_tracking.o \
	src/pg/live_trigger.o \
	src/pg/measure.o \
	src/pg/metric_aggregates.o \
	src/pg/model_exchange.o \
	src/pg/model_files.o \
	src/pg/model_report.o \
	src/pg/model_store.o \
	src/pg/module.o \
	src/pg/names.o \
	src/pg/packed_weights.o \
	src/pg/picture.o \
	src/pg/picture_map.o \
	src/pg/picture_measure.o \
	src/pg/picture_user.o \
	src/pg/profile_algebra.o \
	src/pg/profile_type.o \
	src/pg/progress.o \
	src/pg/quantize.o \
	src/pg/query_mark.o \
	src/pg/read.o \
	src/pg/recommend.o \
	src/pg/report.o \
	src/pg/rights.o \
	src/pg/row_query.o \
	src/pg/row_reader.o \
	src/pg/rules.o \
	src/pg/scores.o \
	src/pg/search.o \
	src/pg/settings.o \
	src/pg/shared_cache.o \
	src/pg/shared_file.o \
	src/pg/source.o \
	src/pg/spill.o \
	src/pg/store.o \
	src/pg/stored_rows.o \
	src/pg/strings.o \
	src/pg/suggest.o \
	src/pg/suggest_facts.o \
	src/pg/tensors.o \
	src/pg/train.o \
	src/pg/type_value.o \
	src/pg/user.o \
	src/pg/user_column.o \
	src/pg/user_rows.o \
	src/pg/vector_type.o \
	src/pg/working_state.o

OBJS = $(CORE) $(GLUE)

REGRESS = extension \
	profile_type vector_type type_errors copy_binary ops_btree_hash \
	encoder tokenize encoder_errors encode_ahead quantize fine_tune doctor \
	model aggregate topics describe version rights model_errors train_input review measure transfer head split spill explain overload algebra document words clean vectors names suggest doctor_data \
	live live_partition live_view live_rights \
	catalogue catalogue_source recommend search rerank hostile audience \
	picture report next_item
REGRESS_OPTS = --encoding=UTF8 --load-extension=interest
REGRESS_PREP = tiny
# in test/specs and test/expected
ISOLATION = live
ISOLATION_OPTS = --inputdir=$(srcdir)/test --load-extension=interest
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# Results are the same bits on every machine: no contraction into fused
# products but where the source says fmaf.  -fno-math-errno lets sqrt be an
# instruction; only what the server calls is visible.
FLAGS = -ffp-contract=off -fno-math-errno -fvisibility=hidden

PG_CONFIG ?= pg_config
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
SERVER_HEADERS := $(shell $(PG_CONFIG) --includedir-server 2>/dev/null)

PG_CFLAGS = $(FLAGS)
PG_CPPFLAGS = -I$(srcdir)/src -isystem $(SERVER_HEADERS) -DINTEREST_VERSION='"$(INTEREST_VERSION)"'
SHLIB_LINK = -lutf8proc -lm
EXTRA_CLEAN = build

all:

ifneq ($(PGXS),)

# Bitcode is inlined by the server's compiler, which would contract.
override with_llvm = no
include $(PGXS)

ifneq ($(filter 9.% 10 11 12 13 14,$(MAJORVERSION)),)
$(error PostgreSQL $(MAJORVERSION) is not supported: name the pg_config of 15 or newer, PG_CONFIG=...)
endif

# PGXS tracks no headers where the server was built without it (packages are),
# so every object depends on every header; and on the server and the compiler
# that it was made for, which build/server remembers.
$(OBJS): $(wildcard $(addprefix $(srcdir)/,src/core/*/*.h src/pg/*.h)) $(addprefix $(srcdir)/,Makefile interest.control) build/server

build/server: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION) $(includedir_server) $(CC) $(COPT)' | cmp -s - $@ || \
	   echo '$(VERSION) $(includedir_server) $(CC) $(COPT)' >$@

.PHONY: FORCE

else

all install installcheck clean:
	@echo "no PostgreSQL server headers ($(PG_CONFIG) --pgxs): make setup installs what is missing, PG_CONFIG=... names another server" >&2; exit 1

endif

# The commands below need no pg_config to start with; each exports what it is
# told, so that the scripts and the makes that they start agree.
export PG_CONFIG
scripts = MAKE='$(MAKE)'

.PHONY: setup test demo demo-clean unit unit-sanitize emulated emulated-arm64 emulated-x86-64 fuzz lint listed symbols bench quality quality-recommend quality-clean dist

setup:
	@$(scripts) test/setup.sh

test:
	@$(scripts) test/run.sh

demo:
	@$(scripts) test/demo/run.sh

demo-clean:
	@$(scripts) test/demo/run.sh clean

quality: quality-recommend
	@$(scripts) test/quality/run.sh

quality-recommend:
	@$(scripts) test/quality/recommend.sh

quality-clean:
	@$(scripts) test/quality/run.sh clean
	@$(scripts) test/quality/recommend.sh clean

bench:
	@$(scripts) test/bench/run.sh
	@$(scripts) test/bench/sql.sh

# Tiny encoders with their reference values, for tests that need an encoder;
# made where nobody says that they are elsewhere.
export INTEREST_TINY ?= $(CURDIR)/build/tiny

.PHONY: tiny
tiny: $(if $(filter $(CURDIR)/build/tiny,$(INTEREST_TINY)),build/tiny)

build/tiny: test/data/make_tiny_encoders.py
	rm -rf $@ $@.new
	mkdir -p $(@D)
	python3 $< $@.new
	mv $@.new $@

core_make = $(MAKE) --no-print-directory -f test/unit/Makefile CORE='$(CORE)' FLAGS='$(FLAGS)'

unit: tiny
	+@$(core_make) VARIANT=plain run
	+@$(core_make) VARIANT=double double

unit-sanitize: tiny
	+@$(core_make) VARIANT=sanitize run

# What could differ between processors, on emulated ones: 64-bit ARM, and an
# x86-64 that knows nothing newer than SSE4.  INTEREST_BEST_KERNEL is what each
# must choose.  (test/setup.sh emulators installs what this needs.)
EMULATED = base calibrate deterministic encoder head kernel measure model \
	narrow profile reading safetensors text tokenizer

emulated: emulated-arm64 emulated-x86-64

emulated-arm64: tiny
	+@eval "$$(test/setup.sh paths)" && arm64_make() \
	   { $(core_make) VARIANT=arm64 CC=aarch64-linux-gnu-gcc UTF8PROC_ARM64="$$UTF8PROC_ARM64" "$$@"; } && \
	   INTEREST_BEST_KERNEL=neondot INTEREST_TINY_ONLY=variants/cls \
	   arm64_make RUN=qemu-aarch64 TESTS='$(EMULATED)' run && \
	   INTEREST_BEST_KERNEL=neon arm64_make RUN='qemu-aarch64 -cpu cortex-a72' TESTS=kernel corpora= run

emulated-x86-64: tiny
	+@INTEREST_BEST_KERNEL=portable INTEREST_TINY_ONLY=none \
	   $(core_make) VARIANT=plain RUN='qemu-x86_64 -cpu Nehalem' TESTS='$(EMULATED)' run && \
	   INTEREST_BEST_KERNEL=avx2 $(core_make) VARIANT=plain RUN='qemu-x86_64 -cpu Haswell' TESTS=kernel corpora= run

fuzz:
	+@$(core_make) VARIANT=fuzz CC=clang fuzz

lint:
	+@$(core_make) SOURCES='$(OBJS:.o=.c)' HEADERS='$(SERVER_HEADERS)' \
	   INTEREST_VERSION='$(INTEREST_VERSION)' lint

# The lists at the top name every source and every test that there is.
differ = $(filter-out $(1),$(2)) $(filter-out $(2),$(1))

listed:
	@for name in $(sort $(call differ,$(OBJS:.o=.c),$(shell find src -name '*.c')) \
	   $(call differ,$(REGRESS:%=sql/%.sql),$(wildcard sql/*.sql)) \
	   $(call differ,$(REGRESS:%=expected/%.out),$(filter-out %_1.out,$(wildcard expected/*.out))) \
	   $(call differ,$(ISOLATION:%=test/specs/%.spec),$(wildcard test/specs/*.spec))); do \
	   echo "not both listed in the Makefile and there: $$name" >&2; status=1; \
	done; exit $$status

symbols: all
	@test/check_symbols.sh $(MODULE_big).so

dist:
	git archive --format=tar.gz --prefix=interest-$(INTEREST_VERSION)/ -o interest-$(INTEREST_VERSION).tar.gz HEAD

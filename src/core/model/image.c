/*
 * image.c
 *	  A model as bytes.
 *
 * Little-endian; counts are variable-length integers, each number has one form,
 * so equal models have equal bytes.
 *
 *	  representation   version byte; dimensions; half-lives; fusion byte;
 *					   cleanings; byte of word pairs; byte of the order of dates;
 *					   text columns; sentence width and scale; words; numerics (mean,
 *					   deviation);
 *					   values of each categorical; vector columns, whether they
 *					   share projections, widths; kinds (names, then weight and
 *					   sign of each); parameters; codes
 *	  reading		   parameters
 *	  head			   task byte; head byte; interests; conformal scores (least
 *					   rows and scores of each bin; then, where there are
 *					   any, their temperature); parameters
 *
 * A list of names is its count, the lengths, then all bytes.  Words are a byte,
 * 0 for none; else the probe of the host's parser and, for each text column, the
 * number of rows, the words, and the rows of each.
 */
#include "core/model/layout.h"

#include <math.h>

/* Of a code's squared norm. */
#define CODE_TOLERANCE 1e-5

/* --- writing --- */

static void
WriteNames(InterestWriter *writer, const InterestNames *names)
{
	InterestWriteVarint(writer, (uint64_t) names->count);
	for (int i = 0; i < names->count; i++)
		InterestWriteVarint(writer, names->spans[i].length);
	for (int i = 0; i < names->count; i++)
		InterestWriteBytes(writer, names->spans[i].data, names->spans[i].length);
}

static void
WriteWords(InterestWriter *writer, const InterestFeatures *features)
{
	InterestWriteByte(writer, features->word_columns != NULL);
	if (features->word_columns == NULL)
		return;
	InterestWriteBytes(writer, features->word_probe, INTEREST_WORD_PROBE_SIZE);
	for (int i = 0; i < features->text_count; i++)
	{
		const InterestWordColumn *column = &features->word_columns[i];

		InterestWriteVarint(writer, (uint64_t) column->all_rows);
		WriteNames(writer, &column->words);
		for (int j = 0; j < column->words.count; j++)
			InterestWriteVarint(writer, (uint64_t) column->rows[j]);
	}
}

static void
WriteFeatures(InterestWriter *writer, const InterestFeatures *features)
{
	InterestWriteVarint(writer, (uint64_t) features->numeric_count);
	for (int i = 0; i < features->numeric_count; i++)
	{
		InterestWriteDouble(writer, features->numerics[i].mean);
		InterestWriteDouble(writer, features->numerics[i].deviation);
	}
	InterestWriteVarint(writer, (uint64_t) features->categorical_count);
	for (int i = 0; i < features->categorical_count; i++)
		WriteNames(writer, &features->categoricals[i].values);
	InterestWriteVarint(writer, (uint64_t) features->vector_count);
	InterestWriteByte(writer, features->shared_projection);
	for (int i = 0; i < features->vector_count; i++)
		InterestWriteVarint(writer, (uint64_t) features->vectors[i].width);
	WriteNames(writer, &features->kind_names);
	for (int i = 0; i < features->kind_names.count; i++)
	{
		InterestWriteDouble(writer, features->kinds[i].weight);
		InterestWriteByte(writer, features->kinds[i].negative);
	}
}

static void
WriteConformal(InterestWriter *writer, const InterestConformal *conformal)
{
	InterestWriteVarint(writer, (uint64_t) conformal->bin_count);
	for (int i = 0; i < conformal->bin_count; i++)
	{
		const InterestConformalBin *bin = &conformal->bins[i];

		InterestWriteVarint(writer, (uint64_t) bin->least_rows);
		InterestWriteVarint(writer, (uint64_t) bin->count);
		for (int j = 0; j < bin->count; j++)
			InterestWriteFloat(writer, bin->scores[j]);
	}
	if (conformal->bin_count > 0)
		InterestWriteFloats(writer, conformal->temperature, 2);
}

/* The parameters of a section, which end it. */
static void
WriteParameters(InterestWriter *writer, const InterestModel *model, InterestSection section,
				InterestImageMap *map)
{
	size_t		from;
	size_t		to;

	InterestModelSection(model, section, &from, &to);
	map->parameters[section] = writer->length;
	InterestWriteFloats(writer, model->parameters + from, to - from);
	map->end[section] = writer->length;
}

static size_t
CodebookLength(const InterestModel *model)
{
	return INTEREST_CODES * (size_t) model->shape.dimensions;
}

void
InterestModelWrite(const InterestModel *model, InterestWriter *writer,
				   InterestImageMap *map)
{
	InterestWriteByte(writer, INTEREST_MODEL_VERSION);
	InterestWriteVarint(writer, (uint64_t) model->shape.dimensions);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		InterestWriteSignedVarint(writer, model->shape.half_life[g]);
	InterestWriteByte(writer, (uint8_t) model->network.fusion.kind);
	InterestWriteVarint(writer, model->network.features.rules.cleanings);
	InterestWriteByte(writer, model->network.features.rules.word_pairs);
	InterestWriteByte(writer, (uint8_t) model->network.features.rules.dates);
	InterestWriteVarint(writer, (uint64_t) model->network.features.text_count);
	InterestWriteVarint(writer, (uint64_t) model->network.features.sentence_width);
	InterestWriteFloat(writer, model->network.sentence_scale);
	WriteWords(writer, &model->network.features);
	WriteFeatures(writer, &model->network.features);
	WriteParameters(writer, model, INTEREST_REPRESENTATION, map);
	InterestWriteFloats(writer, model->codebook.weight, CodebookLength(model));
	map->end[INTEREST_REPRESENTATION] = writer->length;
	WriteParameters(writer, model, INTEREST_READING, map);
	InterestWriteByte(writer, (uint8_t) model->task);
	InterestWriteByte(writer, (uint8_t) model->head.kind);
	WriteNames(writer, &model->interests);
	WriteConformal(writer, &model->conformal);
	WriteParameters(writer, model, INTEREST_HEAD, map);
}

/* --- reading --- */

static bool
Damaged(InterestStatus *status, const char *detail)
{
	InterestFail(status, INTEREST_CORRUPT, "stored model is damaged");
	InterestDetail(status, "%s", detail);
	return InterestHint(status, "Restore it from a backup, or train the model again.");
}

/*
 * A number of at most most; what is counted takes size bytes or more each, so
 * that nobody allocates for what cannot be there.
 */
static int
ReadCount(InterestReader *reader, int most, size_t size)
{
	uint64_t	count = InterestReadVarint(reader);

	if (count > (uint64_t) most || count * size > InterestReaderLeft(reader))
		reader->failed = true;
	return reader->failed ? 0 : (int) count;
}

static uint8_t
ReadChoice(InterestReader *reader, uint8_t last)
{
	uint8_t		choice = InterestReadByte(reader);

	if (choice > last)
		reader->failed = true;
	return reader->failed ? 0 : choice;
}

static void
ReadNames(InterestReader *reader, int most, InterestArena *arena, InterestNames *names)
{
	int			count = ReadCount(reader, most, 1);
	InterestSpan *spans = InterestArenaArray(arena, InterestSpan, count);
	const uint8_t *bytes;
	size_t		total = 0;
	char	   *copy;

	*names = (InterestNames) {0, spans};
	for (int i = 0; i < count; i++)
	{
		spans[i].length = (size_t) ReadCount(reader, INTEREST_MAX_NAME, 0);
		total += spans[i].length;
	}
	bytes = InterestReadBytes(reader, total);
	if (bytes == NULL)
		return;
	copy = InterestArenaArray(arena, char, total);
	memcpy(copy, bytes, total);
	for (int i = 0; i < count; i++)
	{
		spans[i].data = copy;
		copy += spans[i].length;
	}
	names->count = count;
}

static void
ReadWordColumn(InterestReader *reader, InterestArena *arena, InterestWordColumn *column)
{
	int64_t    *rows;

	column->all_rows = (int64_t) InterestReadVarint(reader);
	ReadNames(reader, INTEREST_MAX_WORDS, arena, &column->words);
	rows = InterestArenaArray(arena, int64_t, column->words.count);
	for (int i = 0; i < column->words.count; i++)
		rows[i] = (int64_t) InterestReadVarint(reader);
	column->rows = rows;
}

static void
ReadWords(InterestReader *reader, InterestArena *arena, InterestFeatures *features)
{
	const uint8_t *probe;

	if (ReadChoice(reader, 1) == 0)
		return;
	probe = InterestReadBytes(reader, INTEREST_WORD_PROBE_SIZE);
	if (probe == NULL || (size_t) features->text_count > InterestReaderLeft(reader))
	{
		reader->failed = true;
		return;
	}
	memcpy(features->word_probe, probe, INTEREST_WORD_PROBE_SIZE);
	features->word_columns = InterestArenaArray(arena, InterestWordColumn, features->text_count);
	for (int i = 0; i < features->text_count; i++)
		ReadWordColumn(reader, arena, &features->word_columns[i]);
}

static void
ReadNumerics(InterestReader *reader, InterestArena *arena, InterestFeatures *features)
{
	int			count = ReadCount(reader, INTEREST_MAX_COLUMNS, 2 * sizeof(double));
	InterestNumeric *numerics = InterestArenaArray(arena, InterestNumeric, count);

	for (int i = 0; i < count; i++)
	{
		numerics[i].mean = InterestReadDouble(reader);
		numerics[i].deviation = InterestReadDouble(reader);
	}
	features->numeric_count = count;
	features->numerics = numerics;
}

static void
ReadCategoricals(InterestReader *reader, InterestArena *arena, InterestFeatures *features)
{
	int			count = ReadCount(reader, INTEREST_MAX_COLUMNS, 1);

	features->categorical_count = count;
	features->categoricals = InterestArenaArray(arena, InterestCategorical, count);
	for (int i = 0; i < count; i++)
		ReadNames(reader, INTEREST_MAX_VALUES, arena, &features->categoricals[i].values);
}

static void
ReadVectors(InterestReader *reader, InterestArena *arena, InterestFeatures *features)
{
	int			count = ReadCount(reader, INTEREST_MAX_VECTORS, 1);

	features->vector_count = count;
	features->vectors = InterestArenaArray(arena, InterestVectorColumn, count);
	features->shared_projection = ReadChoice(reader, 1);
	for (int i = 0; i < count; i++)
		features->vectors[i].width = ReadCount(reader, INTEREST_MAX_VECTOR_WIDTH, 0);
}

static void
ReadKinds(InterestReader *reader, InterestArena *arena, InterestFeatures *features)
{
	InterestKind *kinds;

	ReadNames(reader, INTEREST_MAX_KINDS, arena, &features->kind_names);
	kinds = InterestArenaArray(arena, InterestKind, features->kind_names.count);
	for (int i = 0; i < features->kind_names.count; i++)
	{
		kinds[i].weight = InterestReadDouble(reader);
		kinds[i].negative = ReadChoice(reader, 1);
	}
	features->kinds = kinds;
}

static void
ReadRepresentation(InterestReader *reader, InterestArena *arena, InterestModel *model)
{
	InterestFeatures *features = &model->network.features;

	model->shape.dimensions = ReadCount(reader, INTEREST_MAX_DIMENSIONS, 0);
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
		model->shape.half_life[g] = InterestReadSignedVarint(reader);
	model->network.fusion.kind = ReadChoice(reader, INTEREST_FUSIONS - 1);
	features->rules.cleanings = (unsigned) ReadCount(reader, INTEREST_CLEAN_ALL, 0);
	features->rules.word_pairs = ReadChoice(reader, 1);
	features->rules.dates = ReadChoice(reader, INTEREST_DATES_YMD);
	features->text_count = ReadCount(reader, INTEREST_MAX_COLUMNS, 0);
	features->sentence_width = ReadCount(reader, INTEREST_MAX_SENTENCE_WIDTH, 0);
	model->network.sentence_scale = InterestReadFloat(reader);
	ReadWords(reader, arena, features);
	ReadNumerics(reader, arena, features);
	ReadCategoricals(reader, arena, features);
	ReadVectors(reader, arena, features);
	ReadKinds(reader, arena, features);
}

/* Bins by ascending rows, the first from 0 on; scores within 0 .. 1 by size, which a NaN is not. */
static void
ReadConformalBin(InterestReader *reader, int least_rows, InterestArena *arena,
				 InterestConformalBin *bin)
{
	float	   *scores;
	float		least = 0.0f;

	bin->least_rows = ReadCount(reader, INT32_MAX - 1, 0);
	bin->count = ReadCount(reader, INTEREST_MAX_CONFORMAL_SCORES, sizeof(float));
	scores = InterestArenaArray(arena, float, bin->count);
	for (int i = 0; i < bin->count; i++)
	{
		scores[i] = InterestReadFloat(reader);
		if (!(scores[i] >= least && scores[i] <= 1.0f))
			reader->failed = true;
		least = scores[i];
	}
	bin->scores = scores;
	if (bin->least_rows < least_rows || (least_rows == 0 && bin->least_rows != 0))
		reader->failed = true;
}

static void
ReadConformal(InterestReader *reader, InterestArena *arena, InterestConformal *conformal)
{
	int			least_rows = 0;

	conformal->bin_count = ReadCount(reader, INTEREST_ACTIVITY_BINS, 1);
	for (int i = 0; i < conformal->bin_count && !reader->failed; i++)
	{
		ReadConformalBin(reader, least_rows, arena, &conformal->bins[i]);
		least_rows = conformal->bins[i].least_rows + 1;
	}
	for (int i = 0; i < 2 && conformal->bin_count > 0; i++)
	{
		conformal->temperature[i] = InterestReadFloat(reader);
		if (!(fabsf(conformal->temperature[i]) <= INTEREST_MAX_LOG_TEMPERATURE))
			reader->failed = true;
	}
}

/* The bytes of a section's parameters, by the layout so far; NULL and failed without. */
static const uint8_t *
SkipParameters(InterestReader *reader, const InterestModel *model, InterestSection section)
{
	size_t		from;
	size_t		to;

	InterestModelSection(model, section, &from, &to);
	return InterestReadBytes(reader, sizeof(float) * (to - from));
}

static void
DecodeFloats(const uint8_t *bytes, size_t count, float *values)
{
	InterestReader reader = {bytes, bytes + sizeof(float) * count, false};

	InterestReadFloats(&reader, values, count);
}

static void
DecodeParameters(const InterestModel *model, InterestSection section, const uint8_t *bytes,
				 float *parameters)
{
	size_t		from;
	size_t		to;

	InterestModelSection(model, section, &from, &to);
	DecodeFloats(bytes, to - from, parameters + from);
}

/* A NaN is within no bounds. */
static bool
AreWithin(const float *values, size_t count, float least, float most)
{
	for (size_t i = 0; i < count; i++)
		if (!(values[i] >= least && values[i] <= most))
			return false;
	return true;
}

static bool
CheckParameters(const InterestModel *model, InterestStatus *status)
{
	if (AreWithin(model->parameters, model->parameter_count,
				  -INTEREST_MAX_PARAMETER, INTEREST_MAX_PARAMETER) &&
		AreWithin(model->eta, 1, 0.0f, INTEREST_MAX_PARAMETER) &&
		AreWithin(model->head.log_scale, 1, -INTEREST_MAX_LOG_SCALE, INTEREST_MAX_LOG_SCALE))
		return true;
	return Damaged(status, "A parameter is out of range.");
}

/* A code's norm was rounded to float; NaN fails every comparison. */
static bool
CheckCodebook(const InterestModel *model, InterestStatus *status)
{
	int			d = model->shape.dimensions;

	for (int code = 0; code < INTEREST_CODES; code++)
	{
		const float *vector = model->codebook.weight + (size_t) code * (size_t) d;
		double		square = 0.0;

		for (int i = 0; i < d; i++)
			square += (double) vector[i] * vector[i];
		if (!(fabs(square - 1.0) <= CODE_TOLERANCE))
			return Damaged(status, "A code is not of norm 1.");
	}
	return true;
}

bool
InterestModelRead(const void *bytes, size_t size, InterestArena *arena,
				  InterestModel *model, InterestStatus *status)
{
	InterestReader reader = {bytes, (const uint8_t *) bytes + size, false};
	const uint8_t *sections[INTEREST_SECTIONS];
	const uint8_t *codebook;
	uint8_t		version = InterestReadByte(&reader);
	InterestStatus reason;
	float	   *parameters;

	memset(model, 0, sizeof(*model));
	if (!reader.failed && version != INTEREST_MODEL_VERSION)
	{
		InterestFail(status, INTEREST_UNSUPPORTED, "stored model has format version %d", version);
		return InterestHint(status, "Update the extension's library, or train the model again.");
	}
	ReadRepresentation(&reader, arena, model);
	InterestModelLayOut(model, arena);
	sections[INTEREST_REPRESENTATION] = SkipParameters(&reader, model, INTEREST_REPRESENTATION);
	codebook = InterestReadBytes(&reader, sizeof(float) * CodebookLength(model));
	sections[INTEREST_READING] = SkipParameters(&reader, model, INTEREST_READING);
	model->task = ReadChoice(&reader, INTEREST_LAST_TASK);
	model->head.kind = ReadChoice(&reader, INTEREST_LAST_HEAD);
	ReadNames(&reader, INTEREST_MAX_INTERESTS, arena, &model->interests);
	ReadConformal(&reader, arena, &model->conformal);
	if (reader.failed)
		return Damaged(status, "It ends too early, or a number in it is out of range.");
	if (!InterestModelCreate(model, arena, &reason))
		return Damaged(status, reason.message);
	sections[INTEREST_HEAD] = SkipParameters(&reader, model, INTEREST_HEAD);
	if (reader.failed || InterestReaderLeft(&reader) != 0)
		return Damaged(status, "Its length is not what its parts add up to.");
	parameters = InterestArenaArray(arena, float, model->parameter_count);
	for (int s = 0; s < INTEREST_SECTIONS; s++)
		DecodeParameters(model, (InterestSection) s, sections[s], parameters);
	InterestModelBind(model, parameters);
	DecodeFloats(codebook, CodebookLength(model), model->codebook.weight);
	return CheckParameters(model, status) && CheckCodebook(model, status);
}

/*
 * safetensors.c
 *	  Checking and reading tensors of a safetensors file.
 */
#include "core/encoder/safetensors.h"

#include "core/base/bytes.h"

#include <math.h>
#include <string.h>

/* Bytes in front of the header. */
#define LENGTH_BYTES 8

/* Bytes of a name that a message quotes. */
#define NAME_SHOWN 100

static const struct
{
	const char *name;
	int			size;			/* bytes an element */
}			types[] =
{
	{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F64", 8},
	{"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
	{"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1}, {"BOOL", 1},
};

/* Bytes an element, 0 for a type that we do not know. */
static int
TypeSize(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i].name) == 0)
			return types[i].size;
	return 0;
}

/* The precision that prints a name, cut between two characters of UTF-8. */
static int
ShownLength(const char *name)
{
	int			length = (int) strnlen(name, NAME_SHOWN);

	while (length > 0 && (name[length] & 0xc0) == 0x80)
		length--;
	return length;
}

bool
InterestSafetensorsHeaderLength(const uint8_t *bytes, uint64_t file_size,
								uint64_t *length, InterestStatus *status)
{
	InterestReader reader = {bytes, bytes + LENGTH_BYTES, false};

	if (file_size < LENGTH_BYTES)
		return InterestFail(status, INTEREST_CORRUPT,
							"weights file is truncated: it has %llu bytes",
							(unsigned long long) file_size);
	*length = InterestReadU64(&reader);
	if (*length > INTEREST_SAFETENSORS_MAX_HEADER)
	{
		InterestFail(status, INTEREST_LIMIT_EXCEEDED,
					 "header of the weights file is too long");
		return InterestDetail(status, "It claims %llu bytes; the limit is %llu.",
							  (unsigned long long) *length,
							  (unsigned long long) INTEREST_SAFETENSORS_MAX_HEADER);
	}
	if (*length > file_size - LENGTH_BYTES)
	{
		InterestFail(status, INTEREST_CORRUPT,
					 "header of the weights file goes beyond its end");
		return InterestDetail(status, "It claims %llu bytes of a file of %llu.",
							  (unsigned long long) *length,
							  (unsigned long long) file_size);
	}
	return true;
}

/* The bytes of count elements of size, or false when they cannot be counted. */
static bool
TensorBytes(const InterestTensorEntry *entry, int size, uint64_t *bytes)
{
	*bytes = (uint64_t) size;
	for (int i = 0; i < entry->dimensions; i++)
		if (__builtin_mul_overflow(*bytes, entry->shape[i], bytes))
			return false;
	return true;
}

bool
InterestTensorCheck(const InterestTensorEntry *entry, uint64_t data_size,
					InterestStatus *status)
{
	int			size = TypeSize(entry->type);
	uint64_t	bytes;

	if (entry->dimensions < 0 || entry->dimensions > INTEREST_TENSOR_MAX_DIMENSIONS)
		return InterestFail(status, INTEREST_LIMIT_EXCEEDED,
							"tensor \"%.*s\" has %d dimensions", ShownLength(entry->name),
							entry->name, entry->dimensions);
	if (entry->begin > entry->end || entry->end > data_size)
	{
		InterestFail(status, INTEREST_CORRUPT,
					 "tensor \"%.*s\" lies outside of the weights file",
					 ShownLength(entry->name), entry->name);
		return InterestDetail(status, "Its bytes are %llu to %llu of %llu.",
							  (unsigned long long) entry->begin,
							  (unsigned long long) entry->end,
							  (unsigned long long) data_size);
	}
	if (size == 0)
		return true;
	if (!TensorBytes(entry, size, &bytes) || bytes != entry->end - entry->begin)
	{
		InterestFail(status, INTEREST_CORRUPT,
					 "tensor \"%.*s\" is not as long as its shape",
					 ShownLength(entry->name), entry->name);
		return InterestDetail(status, "It has %llu bytes of type %s.",
							  (unsigned long long) (entry->end - entry->begin), entry->type);
	}
	return true;
}

/* Of a checked entry. */
static uint64_t
ElementCount(const InterestTensorEntry *entry)
{
	uint64_t	count = 1;

	for (int i = 0; i < entry->dimensions; i++)
		count *= entry->shape[i];
	return count;
}

static float
FromBits(uint32_t bits)
{
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static float
WidenFloat(const uint8_t *bytes)
{
	return FromBits((uint32_t) bytes[0] | (uint32_t) bytes[1] << 8 |
					(uint32_t) bytes[2] << 16 | (uint32_t) bytes[3] << 24);
}

static float
WidenBfloat(const uint8_t *bytes)
{
	return FromBits((uint32_t) bytes[0] << 16 | (uint32_t) bytes[1] << 24);
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
static float
WidenHalf(const uint8_t *bytes)
{
	uint32_t	half = (uint32_t) bytes[0] | (uint32_t) bytes[1] << 8;
	uint32_t	sign = (half & 0x8000) << 16;
	uint32_t	exponent = half >> 10 & 0x1f;
	uint32_t	fraction = half & 0x3ff;

	if (exponent == 0x1f)
		return FromBits(sign | 0x7f800000 | fraction << 13);
	if (exponent == 0)
		return ldexpf(sign ? -(float) fraction : (float) fraction, -24);
	return FromBits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

static bool
WidenAll(float (*widen) (const uint8_t *), int size, const uint8_t *bytes,
		 uint64_t count, float *out)
{
	bool		finite = true;

	for (uint64_t i = 0; i < count; i++)
	{
		out[i] = widen(bytes + i * size);
		finite &= isfinite(out[i]) != 0;
	}
	return finite;
}

bool
InterestTensorWiden(const InterestTensorEntry *entry, const uint8_t *data,
					float *out, InterestStatus *status)
{
	const uint8_t *bytes = data + entry->begin;
	uint64_t	count = ElementCount(entry);
	bool		finite;

	if (strcmp(entry->type, "F32") == 0)
		finite = WidenAll(WidenFloat, 4, bytes, count, out);
	else if (strcmp(entry->type, "F16") == 0)
		finite = WidenAll(WidenHalf, 2, bytes, count, out);
	else if (strcmp(entry->type, "BF16") == 0)
		finite = WidenAll(WidenBfloat, 2, bytes, count, out);
	else
	{
		InterestFail(status, INTEREST_UNSUPPORTED, "tensor \"%.*s\" has the type \"%.16s\"",
					 ShownLength(entry->name), entry->name, entry->type);
		return InterestDetail(status, "Supported are F32, F16 and BF16.");
	}
	if (!finite)
		return InterestFail(status, INTEREST_DATA_EXCEPTION,
							"tensor \"%.*s\" has a value that is not finite",
							ShownLength(entry->name), entry->name);
	return true;
}

/*
 * catalogue.c
 *	  Items ready to be scanned.
 */
#include "core/recommend/catalogue.h"

#include "core/base/deterministic.h"
#include "core/kernel/kernel.h"

#include <math.h>
#include <string.h>

/* Items between two looks for a cancel. */
#define BETWEEN_CHECKS 1024

/* Reserves room behind what there is; returns where it starts. */
static uint64_t
Reserve(InterestCatalogue *layout, uint64_t size)
{
	uint64_t	offset = layout->size;
	uint64_t	end = offset + size;

	layout->size = (end + INTEREST_ALIGNMENT - 1) / INTEREST_ALIGNMENT * INTEREST_ALIGNMENT;
	return offset;
}

static InterestCatalogue
LayOut(int dimensions, int text_dimensions, int count, const InterestItem *items, const InterestNames *names)
{
	InterestCatalogue layout = {
		.count = count, .dimensions = dimensions, .text_dimensions = text_dimensions, .name_count = names->count
	};
	uint64_t	id_bytes = 0;
	uint64_t	name_bytes = 0;
	uint64_t	categories = 0;

	for (int i = 0; i < count; i++)
	{
		id_bytes += items[i].id.length;
		categories += (uint64_t) items[i].category_count;
	}
	for (int i = 0; i < names->count; i++)
		name_bytes += names->spans[i].length;
	(void) Reserve(&layout, sizeof(InterestCatalogue));
	layout.panels = Reserve(&layout, sizeof(float) * InterestPanelsSize(count, dimensions));
	layout.missing = Reserve(&layout, (uint64_t) count);
	layout.norm = Reserve(&layout, sizeof(float) * (uint64_t) count);
	layout.text_panels = Reserve(&layout, sizeof(float) * InterestPanelsSize(count, text_dimensions));
	layout.text_missing = Reserve(&layout, (uint64_t) count);
	layout.text_norm = Reserve(&layout, sizeof(float) * (uint64_t) count);
	layout.popularity = Reserve(&layout, sizeof(float) * (uint64_t) count);
	layout.published = Reserve(&layout, sizeof(int64_t) * (uint64_t) count);
	layout.category_first = Reserve(&layout, sizeof(uint32_t) * ((uint64_t) count + 1));
	layout.category = Reserve(&layout, sizeof(int32_t) * categories);
	layout.id_first = Reserve(&layout, sizeof(uint64_t) * ((uint64_t) count + 1));
	layout.id = Reserve(&layout, id_bytes);
	layout.name_first = Reserve(&layout, sizeof(uint64_t) * ((uint64_t) names->count + 1));
	layout.name = Reserve(&layout, name_bytes);
	return layout;
}

static void *
At(InterestCatalogue *catalogue, uint64_t offset)
{
	return (char *) catalogue + offset;
}

/* Where an item's component k lies in the panels. */
static size_t
PanelIndex(int dimensions, int item, int k)
{
	return ((size_t) (item / INTEREST_PANEL_WIDTH) * (size_t) dimensions + (size_t) k) * INTEREST_PANEL_WIDTH +
		(size_t) (item % INTEREST_PANEL_WIDTH);
}

static void
PutVector(float *panels, uint8_t *missing, float *norms, int dimensions, int item, const float *vector)
{
	double		sum = 0.0;

	missing[item] = vector == NULL;
	for (int k = 0; vector && k < dimensions; k++)
	{
		panels[PanelIndex(dimensions, item, k)] = vector[k];
		sum += (double) vector[k] * vector[k];
	}
	norms[item] = (float) sqrt(sum);
}

/* Appends bytes; *first says where they start, first[1] where they end. */
static void
PutSpan(uint64_t *first, char *bytes, InterestSpan span)
{
	if (span.length > 0)
		memcpy(bytes + first[0], span.data, span.length);
	first[1] = first[0] + span.length;
}

static void
PutItem(InterestCatalogue *catalogue, int item, const InterestItem *from)
{
	uint32_t   *category_first = At(catalogue, catalogue->category_first);
	uint64_t   *id_first = At(catalogue, catalogue->id_first);

	PutVector(At(catalogue, catalogue->panels), At(catalogue, catalogue->missing), At(catalogue, catalogue->norm),
			  catalogue->dimensions, item, from->vector);
	PutVector(At(catalogue, catalogue->text_panels), At(catalogue, catalogue->text_missing), At(catalogue, catalogue->text_norm),
			  catalogue->text_dimensions, item, from->text);
	((float *) At(catalogue, catalogue->popularity))[item] = (float) InterestLog1p(from->popularity);
	((int64_t *) At(catalogue, catalogue->published))[item] = from->published;
	category_first[item + 1] = category_first[item] + (uint32_t) from->category_count;
	for (int i = 0; i < from->category_count; i++)
		((int32_t *) At(catalogue, catalogue->category))[category_first[item] + (uint32_t) i] = from->categories[i];
	PutSpan(id_first + item, At(catalogue, catalogue->id), from->id);
}

InterestCatalogue *
InterestCatalogueMake(int dimensions, int text_dimensions, int count, const InterestItem *items,
					  const InterestNames *names, InterestArena *arena)
{
	InterestCatalogue layout = LayOut(dimensions, text_dimensions, count, items, names);
	InterestCatalogue *catalogue = InterestArenaAllocateZero(arena, layout.size);
	uint64_t   *name_first;

	*catalogue = layout;
	for (int i = 0; i < count; i++)
	{
		if (i % BETWEEN_CHECKS == 0)
			InterestCheckCancel(arena->host);
		PutItem(catalogue, i, &items[i]);
	}
	name_first = At(catalogue, catalogue->name_first);
	for (int i = 0; i < names->count; i++)
		PutSpan(name_first + i, At(catalogue, catalogue->name), names->spans[i]);
	return catalogue;
}

static InterestSpan
SpanAt(const InterestCatalogue *catalogue, uint64_t firsts, uint64_t bytes, int index)
{
	const uint64_t *first = (const uint64_t *) InterestCatalogueAt(catalogue, firsts) + index;
	InterestSpan span;

	span.data = (const char *) InterestCatalogueAt(catalogue, bytes) + first[0];
	span.length = first[1] - first[0];
	return span;
}

InterestSpan
InterestCatalogueId(const InterestCatalogue *catalogue, int item)
{
	return SpanAt(catalogue, catalogue->id_first, catalogue->id, item);
}

InterestSpan
InterestCatalogueName(const InterestCatalogue *catalogue, int name)
{
	return SpanAt(catalogue, catalogue->name_first, catalogue->name, name);
}

int
InterestCatalogueFind(const InterestCatalogue *catalogue, InterestSpan id)
{
	int			low = 0;
	int			high = catalogue->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		int			order = InterestSpanCompare(InterestCatalogueId(catalogue, middle), id);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

void
InterestCatalogueVector(const InterestCatalogue *catalogue, int item, float *vector)
{
	const float *panels = InterestCatalogueAt(catalogue, catalogue->panels);

	for (int k = 0; k < catalogue->dimensions; k++)
		vector[k] = panels[PanelIndex(catalogue->dimensions, item, k)];
}

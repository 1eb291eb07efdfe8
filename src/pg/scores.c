/*
 * scores.c
 *	  From a reading to interests and their probabilities.
 */
#include "pg/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "pg/encode.h"
#include "pg/scores.h"
#include "pg/store.h"

static Oid
ScoreType(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("interest_score"),
						   ObjectIdGetDatum(InterestSchema()));
}

int
InterestNumberOf(const InterestNames *interests, text *name)
{
	InterestSpan span;
	int			interest;

	span.data = InterestTextToUtf8(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &span.length);
	interest = InterestNamesFind(interests, span);
	if (interest < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown interest \"%s\"", text_to_cstring(name)),
				 errhint("interest_classify lists the interests that the model knows.")));
	return interest;
}

Datum
InterestNameText(InterestSpan name)
{
	char	   *text = pg_any_to_server(name.data, (int) name.length, PG_UTF8);

	if (text != name.data)
		return CStringGetTextDatum(text);
	return PointerGetDatum(cstring_to_text_with_len(name.data, (int) name.length));
}

static int
CompareRanked(const void *a, const void *b)
{
	const InterestRanked *x = a;
	const InterestRanked *y = b;

	if (x->probability != y->probability)
		return x->probability > y->probability ? -1 : 1;
	return x->interest - y->interest;
}

void
InterestRequireInterests(const InterestLoadedModel *model)
{
	if (model->model.interests.count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the model has no interests"),
				 errdetail("Its task is next_item: it ranks items."),
				 errhint("Use interest_recommend, or a model of another task.")));
}

void
InterestReadingProbabilities(const InterestLoadedModel *model, const InterestReading *reading,
							 InterestArena *scratch, float *probabilities)
{
	InterestRequireInterests(model);
	InterestModelProbabilities(&model->model, reading->vector[INTEREST_USER], reading->mass[INTEREST_COARSE],
							   scratch, probabilities);
}

static InterestRanked *
Rank(int count, const float *probabilities)
{
	InterestRanked	   *ranked = palloc(sizeof(InterestRanked) * count);

	for (int i = 0; i < count; i++)
	{
		ranked[i].probability = probabilities[i];
		ranked[i].interest = i;
	}
	qsort(ranked, count, sizeof(InterestRanked), CompareRanked);
	return ranked;
}

InterestRanked *
InterestRankInterests(const InterestLoadedModel *model, const InterestReading *reading, InterestArena *scratch)
{
	int			count = model->model.interests.count;
	float	   *probabilities = palloc(sizeof(float) * count);
	InterestRanked	   *ranked;

	InterestReadingProbabilities(model, reading, scratch, probabilities);
	ranked = Rank(count, probabilities);
	pfree(probabilities);
	return ranked;
}

Datum
InterestMakeScores(const InterestLoadedModel *model, const InterestReading *reading, InterestArena *scratch)
{
	const InterestNames *names = &model->model.interests;
	InterestRanked	   *ranked = InterestRankInterests(model, reading, scratch);
	Datum	   *scores = palloc(sizeof(Datum) * names->count);
	Oid			type = ScoreType();
	TupleDesc	descriptor = lookup_rowtype_tupdesc(type, -1);
	ArrayType  *array;

	for (int i = 0; i < names->count; i++)
	{
		Datum		values[2] = {InterestNameText(names->spans[ranked[i].interest]), Float4GetDatum(ranked[i].probability)};
		bool		nulls[2] = {false, false};

		scores[i] = heap_copy_tuple_as_datum(heap_form_tuple(descriptor, values, nulls), descriptor);
	}
	ReleaseTupleDesc(descriptor);
	array = construct_array(scores, names->count, type, -1, false, TYPALIGN_DOUBLE);
	return PointerGetDatum(array);
}

bool
InterestMakeSet(const InterestLoadedModel *model, const InterestReading *reading, double coverage,
				InterestArena *scratch, Datum *set)
{
	const InterestNames *names = &model->model.interests;
	float		most = InterestConformalScore(&model->model.conformal, reading->rows, coverage);
	float	   *probabilities = palloc(sizeof(float) * names->count);
	InterestRanked	   *ranked;
	Datum	   *texts = palloc(sizeof(Datum) * names->count);
	int			count = 0;

	InterestRequireInterests(model);
	InterestConformalProbabilities(&model->model, reading->vector[INTEREST_USER], reading->mass[INTEREST_COARSE],
								   scratch, probabilities);
	ranked = Rank(names->count, probabilities);
	while (count < names->count && 1.0f - ranked[count].probability <= most)
	{
		texts[count] = InterestNameText(names->spans[ranked[count].interest]);
		count++;
	}
	if (count > 0)
		*set = PointerGetDatum(construct_array(texts, count, TEXTOID, -1, false, TYPALIGN_INT));
	return count > 0;
}

int
InterestBestInterest(const InterestLoadedModel *model, const float *u, double evidence,
					 InterestArena *scratch, float *probability)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	int			count = model->model.interests.count;
	float	   *probabilities = InterestArenaArray(scratch, float, count);
	int			best = 0;

	InterestRequireInterests(model);
	InterestModelProbabilities(&model->model, u, evidence, scratch, probabilities);
	for (int i = 1; i < count; i++)
		if (probabilities[i] > probabilities[best])
			best = i;
	*probability = probabilities[best];
	InterestArenaReturnTo(scratch, mark);
	return best;
}

void
InterestReadProfile(const InterestStateView *view, const InterestLoadedModel *model,
					int64 at, InterestArena *arena, InterestReading *reading)
{
	InterestStatus status;

	if (view->rebuild)
		ereport(WARNING,
				(errmsg("profile asks for a rebuild"),
				 errdetail("Its newest row was subtracted, so that older rows may be missing from it."),
				 errhint("Make it again from its rows with interest_accumulate.")));
	if (!InterestReadState(view, &model->reading, at, arena, reading, &status))
		InterestReport(&status);
}

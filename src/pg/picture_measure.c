/*
 * picture_measure.c
 *	  How good a version is and how it was trained, drawn.
 */
#include "pg/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "core/measure/curves.h"
#include "pg/live.h"
#include "pg/pictures.h"
#include "pg/scores.h"

/*
 * ROC
 */

/* The interests that most samples have, best first; count becomes how many of them. */
static int *
CommonInterests(const InterestMetrics *metrics, int interests, int most, int *count)
{
	int		   *common = palloc(sizeof(int) * most);

	*count = 0;
	for (int i = 0; i < interests; i++)
	{
		int			place = *count;

		if (isnan(metrics->of[i].auc))
			continue;
		while (place > 0 && metrics->of[common[place - 1]].positives < metrics->of[i].positives)
			place--;
		if (place == most)
			continue;
		*count = Min(*count + 1, most);
		for (int j = *count - 1; j > place; j--)
			common[j] = common[j - 1];
		common[place] = i;
	}
	return common;
}

static InterestCurve
RocOf(const InterestMeasured *measured, const InterestPredictions *predictions, int interest, double auc)
{
	InterestRocPoint *points;
	int			count = InterestMeasureRoc(predictions, interest, &measured->arena->arena, &points);
	double	   *x = palloc(sizeof(double) * Max(count, 1));
	double	   *y = palloc(sizeof(double) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		x[i] = points[i].false_positive_rate;
		y[i] = points[i].true_positive_rate;
	}
	return (InterestCurve) {measured->model->model.interests.spans[interest], count, x, y, auc, 3};
}

bool
InterestPictureRoc(const InterestPictureRequest *request, const InterestMeasured *measured,
				   const InterestPredictions *predictions, InterestMarkup *out)
{
	InterestCurve curves[INTEREST_MOST_CURVES];
	InterestChart chart = {
		.title = InterestUtf8Format("ROC of %s, area under it", request->model), .x_title = "false positive rate",
		.y_title = "true positive rate", .unit = true, .curves = curves,
		.description = "Rates of true against false positives of an interest on test users; the diagonal is chance."
	};
	InterestMetrics metrics;
	int		   *interests;
	int			one;

	InterestMeasure(predictions, &measured->arena->arena, &metrics);
	InterestMeasureAucs(predictions, &measured->arena->arena, &metrics);
	interests = CommonInterests(&metrics, predictions->interests, INTEREST_MOST_CURVES, &chart.curve_count);
	if (request->interest)
	{
		one = InterestNumberOf(&measured->model->model.interests, request->interest);
		interests = &one;
		chart.curve_count = !isnan(metrics.of[one].auc);
	}
	for (int i = 0; i < chart.curve_count; i++)
		curves[i] = RocOf(measured, predictions, interests[i], metrics.of[interests[i]].auc);
	if (chart.curve_count > 0)
		InterestDrawChart(&chart, out);
	return chart.curve_count > 0;
}

/*
 * Reliability
 */

bool
InterestPictureReliability(const InterestPictureRequest *request, const InterestMeasured *measured,
						   const InterestPredictions *predictions, InterestMarkup *out)
{
	InterestReliability bins[INTEREST_ECE_BINS];
	double		x[INTEREST_ECE_BINS];
	double		y[INTEREST_ECE_BINS];
	InterestMetrics metrics;
	InterestCurve curve = {InterestSpanOf("bins; calibration error (ECE)"), INTEREST_ECE_BINS, x, y, NAN, 3};
	InterestChart chart = {
		.title = InterestUtf8Format("Reliability of %s", request->model), .x_title = "largest probability that was said",
		.y_title = "share of samples in which it was right", .unit = true, .points = true, .curve_count = 1, .curves = &curve,
		.description = "What was said against how often it was right, on test users, in 15 bins; on the diagonal, what is said is true."
	};

	InterestMeasureReliability(predictions, &measured->arena->arena, bins);
	InterestMeasure(predictions, &measured->arena->arena, &metrics);
	curve.figure = metrics.ece;
	for (int i = 0; i < INTEREST_ECE_BINS; i++)
	{
		x[i] = bins[i].probability;
		y[i] = bins[i].accuracy;
	}
	if (predictions->count == 0)
		return false;
	InterestDrawChart(&chart, out);
	return true;
}

/*
 * Confusion
 */

/* Rows and columns of the matrix: interests of their own, then all others, then none. */
typedef struct Places
{
	int			count;
	int		   *of;				/* (interests) */
	int			none;
} Places;

static Places
PlacesOf(const InterestConfusionCell *cells, int cell_count, const InterestNames *interests, InterestSpan *labels)
{
	double	   *weight = palloc0(sizeof(double) * Max(interests->count, 1));
	Places		places = {0, palloc(sizeof(int) * Max(interests->count, 1)), -1};
	bool		none = false;
	int			own = 0;

	for (int i = 0; i < cell_count; i++)
	{
		none |= cells[i].actual < 0 || cells[i].predicted < 0;
		if (cells[i].actual >= 0)
			weight[cells[i].actual] += cells[i].weight;
		if (cells[i].predicted >= 0)
			weight[cells[i].predicted] += 1e-12 * cells[i].weight;
	}
	for (int i = 0; i < interests->count; i++)
	{
		int			before = 0;

		CHECK_FOR_INTERRUPTS();
		for (int j = 0; j < interests->count; j++)
			before += weight[j] > weight[i] || (weight[j] == weight[i] && j < i);
		places.of[i] = weight[i] > 0 ? before : -1;
		own += weight[i] > 0;
	}
	own = own <= INTEREST_MOST_CELLS - none ? own : INTEREST_MOST_CELLS - none - 1;
	places.count = own;
	for (int i = 0; i < interests->count; i++)
		if (places.of[i] >= own)
		{
			places.of[i] = own;
			places.count = own + 1;
			labels[own] = InterestSpanOf("(all others)");
		}
		else if (places.of[i] >= 0)
			labels[places.of[i]] = interests->spans[i];
	if (none)
	{
		places.none = places.count++;
		labels[places.none] = InterestSpanOf("(none)");
	}
	return places;
}

bool
InterestPictureConfusion(const InterestPictureRequest *request, const InterestMeasured *measured,
						 const InterestPredictions *predictions, InterestMarkup *out)
{
	InterestSpan labels[INTEREST_MOST_CELLS];
	double		weight[INTEREST_MOST_CELLS * INTEREST_MOST_CELLS] = {0};
	double		samples[INTEREST_MOST_CELLS] = {0};
	InterestConfusionCell *cells;
	int			cell_count = InterestMeasureConfusion(predictions, &measured->arena->arena, &cells);
	Places		places = PlacesOf(cells, cell_count, &measured->model->model.interests, labels);
	InterestMatrix matrix = {
		.title = InterestUtf8Format("Confusion of %s", request->model), .count = places.count,
		.labels = labels, .weight = weight, .samples = samples
	};

	for (int i = 0; i < cell_count; i++)
	{
		int			row = cells[i].actual < 0 ? places.none : places.of[cells[i].actual];
		int			column = cells[i].predicted < 0 ? places.none : places.of[cells[i].predicted];

		weight[row * places.count + column] += cells[i].weight;
		samples[row] += (double) cells[i].samples;
	}
	if (places.count == 0)
		return false;
	InterestDrawMatrix(&matrix, out);
	return true;
}

/*
 * Training
 */

/* A column of the table, NULL as NaN. */
static double *
ColumnOf(SPITupleTable *table, uint64 count, int column)
{
	double	   *values = palloc(sizeof(double) * count);

	for (uint64 i = 0; i < count; i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(table->vals[i], table->tupdesc, column, &isnull);

		values[i] = isnull ? NAN : DatumGetFloat8(value);
	}
	return values;
}

/* A row an epoch: number, loss, loss on validation users; returns how many. */
static uint64
ReadEpochs(const InterestPictureRequest *request)
{
	int			version = request->version ? InterestVersionByNumber(request->model, *request->version)->version
		: InterestDeployedVersion(request->model)->version;
	Oid			types[] = {TEXTOID, INT4OID};
	Datum		values[] = {CStringGetTextDatum(request->model), Int32GetDatum(version)};
	char	   *sql = psprintf("SELECT t.epoch::float8, t.loss, t.validation_loss"
							   " FROM %s.interest_training t WHERE t.model OPERATOR(pg_catalog.=) $1 AND t.version OPERATOR(pg_catalog.=) $2"
							   " ORDER BY t.epoch", InterestSchemaSql());

	if (SPI_execute_with_args(sql, 2, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "query of a training failed: %s", SPI_result_code_string(SPI_result));
	return SPI_processed;
}

bool
InterestPictureTraining(const InterestPictureRequest *request, InterestMarkup *out)
{
	static const char *const labels[] = {"training users", "validation users"};
	InterestCurve curves[2];
	InterestChart chart = {
		.title = InterestUtf8Format("Training of %s", request->model), .x_title = "epoch", .y_title = "loss",
		.axis = INTEREST_AXIS_COUNTS, .curve_count = 2, .curves = curves, .description = "Loss by epoch."
	};
	uint64		count;

	(void) InterestUsableModel(request->model);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	count = ReadEpochs(request);
	for (int i = 0; i < 2 && count > 0; i++)
	{
		curves[i] = (InterestCurve) {
			InterestSpanOf(labels[i]), (int) count, ColumnOf(SPI_tuptable, count, 1), ColumnOf(SPI_tuptable, count, i + 2), NAN, 4
		};
		curves[i].figure = curves[i].y[count - 1];
	}
	if (count > 0)
		InterestDrawChart(&chart, out);
	SPI_finish();
	return count > 0;
}

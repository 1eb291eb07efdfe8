/*
 * quality.c
 *	  Trains on real rows without a server and prints what the model is worth.
 *
 *	quality movielens DIRECTORY [NAME=VALUE ...]
 *	quality dominant|next FILE [NAME=VALUE ...]		(20 Newsgroups)
 *
 * encoder=DIRECTORY	a Hugging Face one; random vectors keyed by the text if not given
 * cache=FILE			keeps the encoder's vectors
 * and every number of the training options, for example epochs=3 learning_rate=.005
 */
#include "quality.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

InterestArena arena;

static InterestTrainingOptions options;
static InterestDropoutRates dropout;
static const char *encoder;
static const char *cache;
static bool per_interest;

static double
Now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}

/* The longest time without a look at whether the host wants to stop. */
static double last_check;
static double longest_check;

static void
NoteCheck(void *context)
{
	double		now = Now();

	longest_check = now - last_check > longest_check ? now - last_check : longest_check;
	last_check = now;
}

static bool
SetOption(char *argument)
{
	char	   *value = strchr(argument, '=');
	double		number;

	if (value == NULL)
		return false;
	*value++ = '\0';
	number = atof(value);
	if (strcmp(argument, "encoder") == 0)
		encoder = value;
	else if (strcmp(argument, "cache") == 0)
		cache = value;
	else if (strcmp(argument, "interests") == 0)
		per_interest = number != 0;
	else if (strcmp(argument, "seed") == 0)
		options.seed = (uint64_t) number;
	else if (strcmp(argument, "epochs") == 0)
		options.epochs = (int) number;
	else if (strcmp(argument, "batch_size") == 0)
		options.batch_size = (int) number;
	else if (strcmp(argument, "learning_rate") == 0)
		options.learning_rate = number;
	else if (strcmp(argument, "warm_up") == 0)
		options.warm_up = number;
	else if (strcmp(argument, "weight_decay") == 0)
		options.weight_decay = number;
	else if (strcmp(argument, "clip") == 0)
		options.clip = number;
	else if (strcmp(argument, "label_smoothing") == 0)
		options.label_smoothing = number;
	else if (strcmp(argument, "patience") == 0)
		options.patience = (int) number;
	else if (strcmp(argument, "sentence_dropout") == 0)
		dropout.sentence = (float) number;
	else if (strcmp(argument, "hidden_dropout") == 0)
		dropout.hidden = (float) number;
	else if (strcmp(argument, "sum_dropout") == 0)
		dropout.sum = (float) number;
	else if (strcmp(argument, "modality_dropout") == 0)
		dropout.modality = (float) number;
	else
		return false;
	return true;
}

static void
PrintEpoch(void *context, const InterestTrainingEpoch *epoch)
{
	double	   *last = context;
	double		now = Now();

	printf("epoch %d: loss %.4f, validation %.4f, accuracy %.4f%s, %lld samples, %lld rows, %.2f s\n",
		   epoch->epoch, epoch->loss, epoch->validation_loss, epoch->accuracy, epoch->best ? " *" : "",
		   (long long) epoch->samples, (long long) epoch->rows, now - *last);
	fflush(stdout);
	*last = now;
}

static void
PrintFigures(const InterestModel *model, const InterestEvaluation *evaluation)
{
	for (int i = 0; i < evaluation->figure_count; i++)
	{
		const InterestFigure *figure = &evaluation->figures[i];

		if (figure->interest < 0)
			printf("%-10s %-22s %.4f\n", InterestSystemName(figure->system), figure->metric, figure->value);
		else if (per_interest)
			printf("%-10s %-22s %.4f %.*s\n", InterestSystemName(figure->system), figure->metric, figure->value,
				   (int) model->interests.spans[figure->interest].length,
				   model->interests.spans[figure->interest].data);
	}
}

static void
PrintReading(const InterestModel *model)
{
	printf("kappa %.3f %.3f %.3f, eta %.3f, scale %.3f\n", exp(model->theta[0]), exp(model->theta[1]),
		   exp(model->theta[2]), *model->eta, exp(*model->head.log_scale));
	for (int g = 0; g < INTEREST_GRANULARITIES; g++)
	{
		printf("gate");
		for (int k = 0; k < INTEREST_GATE_FEATURES; k++)
			printf(" %7.3f", model->gate[g * INTEREST_GATE_FEATURES + k]);
		printf("\n");
	}
}

static int
Fail(const InterestStatus *status)
{
	fprintf(stderr, "%s\n%s\n%s\n", status->message, status->detail, status->hint);
	return 1;
}

static int
Measure(QualityRows *rows)
{
	const InterestKernel *kernel = InterestKernelChoose("auto");
	double		last;
	InterestTrainingObserver observer = {&last, NULL, PrintEpoch};
	InterestStore store;
	InterestTrainingSet set = {.count = rows->count, .rows = rows->rows, .store = &store};
	InterestPlace *places = InterestArenaArray(&arena, InterestPlace, rows->sentence_count);
	float	   *sentences;
	InterestModel model;
	InterestTrainingResult result;
	InterestEvaluation evaluation;
	InterestStatus status;

	sentences = EncodeTexts(encoder, cache, rows->sentences, rows->sentence_count,
								&rows->definition.sentence_width);
	if (sentences == NULL)
		return 1;
	InterestStoreInit(&store, &arena, NULL, 0);
	for (int i = 0; i < rows->sentence_count; i++)
		places[i] = InterestStoreAdd(&store, sentences + (size_t) i * rows->definition.sentence_width,
									 sizeof(float) * (size_t) rows->definition.sentence_width);
	set.sentences = places;
	last = last_check = Now();
	longest_check = 0.0;
	if (!InterestTrain(&set, &rows->definition, &options, kernel, InterestSgemm, &observer, &arena,
					   &model, &result, &status))
		return Fail(&status);
	PrintReading(&model);
	last = Now();
	if (!InterestEvaluate(&set, &model, options.seed, INTEREST_SPLIT_TEST, kernel, InterestSgemm, NULL,
						  &arena, &evaluation, &status))
		return Fail(&status);
	printf("evaluated in %.2f s, longest time between cancel checks %.1f ms\n", Now() - last,
		   1000.0 * longest_check);
	PrintFigures(&model, &evaluation);
	return 0;
}

int
main(int argc, char **argv)
{
	InterestHost host;
	QualityRows rows;
	bool		read = false;

	host = *CheckHost();
	host.check_cancel = NoteCheck;
	InterestArenaInit(&arena, &host, (size_t) 1 << 20);
	options = InterestTrainingDefault;
	dropout = InterestDropoutDefault;
	options.dropout = &dropout;
	for (int i = 3; i < argc; i++)
		if (!SetOption(argv[i]))
		{
			fprintf(stderr, "what is %s?\n", argv[i]);
			return 2;
		}
	if (argc >= 3 && strcmp(argv[1], "movielens") == 0)
		read = ReadMovieLens(argv[2], &rows);
	else if (argc >= 3 && strcmp(argv[1], "dominant") == 0)
		read = ReadNewsgroups(argv[2], INTEREST_TASK_DOMINANT, &rows);
	else if (argc >= 3 && strcmp(argv[1], "next") == 0)
		read = ReadNewsgroups(argv[2], INTEREST_TASK_NEXT, &rows);
	else
		fprintf(stderr, "quality movielens DIRECTORY | dominant FILE | next FILE [NAME=VALUE ...]\n");
	return read ? Measure(&rows) : 2;
}

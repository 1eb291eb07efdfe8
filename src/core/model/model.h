/*
 * model.h
 *	  Everything that a trained version holds, its parameters in one array.
 *
 * A model is made in one of two ways: training fills in the specification,
 * calls InterestModelCreate, binds parameters and initializes them; inference
 * reads an image and opens it.  The table of blocks says what lies where in
 * the parameters, so that the optimizer, the gradients and the image share one
 * layout.
 */
#ifndef INTEREST_MODEL_H
#define INTEREST_MODEL_H

#include "core/base/bytes.h"
#include "core/measure/conformal.h"
#include "core/network/codebook.h"
#include "core/network/head.h"
#include "core/network/row_network.h"
#include "core/profile/reading.h"

#define INTEREST_MODEL_VERSION 2	/* of the image */

#define INTEREST_MAX_INTERESTS 10000

/*
 * Within these no product overflows on the way to a probability.  Parameters
 * of a sound model are thousands of times smaller.
 */
#define INTEREST_MAX_PARAMETER 1e6f
#define INTEREST_MAX_LOG_SCALE 10.0f

/* The numbers are stored: never change one. */
typedef enum InterestTask
{
	INTEREST_TASK_DOMINANT = 0, /* the label that most of a user's rows carry */
	INTEREST_TASK_NEXT = 1,		/* the label of the next row */
	INTEREST_TASK_USER = 2,		/* a label that is constant for a user */
	INTEREST_TASK_NEXT_ITEM = 3 /* the item of the next row: no interests, no head */
} InterestTask;

#define INTEREST_LAST_TASK INTEREST_TASK_NEXT_ITEM

/* Whether a row is foreseen from those strictly earlier. */
static inline bool
InterestTaskForesees(InterestTask task)
{
	return task == INTEREST_TASK_NEXT || task == INTEREST_TASK_NEXT_ITEM;
}

/*
 * Sections of the image, in this order.  Profiles depend on the first alone,
 * readings on the first two: a fingerprint is the hash of a prefix.
 */
typedef enum InterestSection
{
	INTEREST_REPRESENTATION,	/* shape, features, kinds, row network, codebook */
	INTEREST_READING,			/* mu, theta, A, eta */
	INTEREST_HEAD				/* task, interests, head, its calibration */
} InterestSection;

#define INTEREST_SECTIONS 3

typedef enum InterestInitialization
{
	INTEREST_INIT_UNIFORM,		/* in [-value, value]: Xavier's bound */
	INTEREST_INIT_CONSTANT		/* value */
} InterestInitialization;

/* A named run of parameters. */
typedef struct InterestModelBlock
{
	const char *name;			/* "sentence.weight"; every embedding table is "embedding" */
	size_t		offset;			/* in the parameters */
	int			rows;
	int			columns;
	InterestSection section;
	InterestInitialization initialization;
	float		value;
	bool		decay;			/* weight decay applies */
	bool		fitted;			/* after training, on other users: gradients are 0 */
	bool		sparse;			/* of a step, most rows have gradient 0 and stay as they are */
} InterestModelBlock;

typedef struct InterestModel
{
	/* the specification */
	InterestProfileShape shape; /* fingerprint: the glue's, zero until it has hashed */
	uint8_t		reading_fingerprint[INTEREST_FINGERPRINT_SIZE]; /* likewise */
	InterestTask task;
	InterestNames interests;
	InterestRowNetwork network; /* its features and sentence_scale */
	InterestHead head;			/* its kind */
	InterestConformal conformal;	/* fitted after training; none at first */

	/* set by InterestModelCreate */
	int			block_count;
	InterestModelBlock *blocks; /* by offset, hence by section */
	size_t		parameter_count;

	/*
	 * Made once after training, never learned by gradients: not a parameter.
	 * InterestModelCreate makes all codes one and the same.
	 */
	InterestLinear codebook;	/* (INTEREST_CODES, d), of norm 1 */

	/* set by InterestModelBind, the network's and the head's views with them */
	float	   *parameters;		/* (parameter_count); of a gradient with touched words, without their vectors */
	float	   *mu;				/* (d) */
	float	   *theta;			/* (granularities): kappa = exp(theta), held to its bounds */
	float	   *gate;			/* A: (granularities, INTEREST_GATE_FEATURES) */
	float	   *eta;			/* (1), >= 0 */

	/* set by InterestModelOpen */
	const InterestKernel *kernel;
	double	   *code_distances; /* (INTEREST_CODES, INTEREST_CODES) */
} InterestModel;

/*
 * Checks the specification, fills in what follows from it and lays the
 * parameters out; the table is in the arena.  Names stay the caller's.
 */
extern bool InterestModelCreate(InterestModel *model, InterestArena *arena,
								InterestStatus *status);

/*
 * Sets every view into parameters (parameter_count).  A copy of the struct that
 * is bound to an array of gradients has the gradients' views; where its network
 * has touched words, the array goes without the blocks that are sparse.
 */
extern void InterestModelBind(InterestModel *model, float *parameters);

/* Fills the bound parameters as the table says, keyed by seed and block. */
extern void InterestModelInitialize(const InterestModel *model, uint64_t seed);

/* Holds theta, eta and the head's s to their bounds; training calls it after every step. */
extern void InterestModelProject(const InterestModel *model);

/* The learned numbers of readings; mu and the codebook stay the model's. */
extern void InterestModelReading(const InterestModel *model, InterestReadingModel *reading);

/* Where in an image things are. */
typedef struct InterestImageMap
{
	size_t		parameters[INTEREST_SECTIONS];	/* the first of a section's parameters */
	size_t		end[INTEREST_SECTIONS]; /* of everything up to the end of a section */
} InterestImageMap;

/* The image of a bound model; a writer without buffer measures it. */
extern void InterestModelWrite(const InterestModel *model, InterestWriter *writer,
							   InterestImageMap *map);

/*
 * The name of a block among all blocks: those that share theirs are numbered,
 * "embedding.0".  A name has less than INTEREST_MAX_BLOCK_NAME bytes.
 */
#define INTEREST_MAX_BLOCK_NAME 64
extern void InterestModelBlockName(const InterestModel *model, int block, char *name);

/*
 * THE validator: a bound model out of an image that is believed nothing.  The
 * arena holds everything; the bytes may go.
 */
extern bool InterestModelRead(const void *bytes, size_t size, InterestArena *arena,
							  InterestModel *model, InterestStatus *status);

/* Packs the weights for inference; parameters and codes must not change from then on. */
extern void InterestModelOpen(InterestModel *model, InterestArena *arena,
							  const InterestKernel *kernel);

/*
 * The texts of a row, projected: sentence is what the encoder made of them, NULL
 * where there is no text or no encoder; words (text_count) of each text, NULL
 * where the model has none.  z (INTEREST_TEXT_MODALITIES, d) is the caller's;
 * projected is for InterestRowTexts.  Scratch is given back.
 */
extern void InterestModelProjectTexts(const InterestModel *model, const float *sentence,
									  const InterestWords *words, InterestArena *scratch,
									  float *z, const float *projected[INTEREST_TEXT_MODALITIES]);

/*
 * One row as a profile takes it: row->vector is v (d); texts as in
 * InterestRowInputOf.  Scratch is given back.  Fails on an infinite time and
 * where v is not finite.
 */
extern InterestRowResult InterestRowVector(const InterestModel *model,
										   const InterestBehaviour *behaviour,
										   const InterestRowTexts *texts, InterestArena *scratch,
										   float *v, InterestStateRow *row,
										   InterestStatus *status);

/*
 * One item as rows are: v (d).  An item's behaviour has no time and no kind;
 * skipped if nothing of it is present.
 */
extern InterestRowResult InterestItemVector(const InterestModel *model,
											const InterestBehaviour *item,
											const InterestRowTexts *texts, InterestArena *scratch,
											float *v, InterestStatus *status);

/* probabilities (interests) of u (d); evidence is the reading's coarse mass */
extern void InterestModelProbabilities(const InterestModel *model, const float *u, double evidence,
									   InterestArena *scratch, float *probabilities);

/* Those that conformal scores are taken of. */
extern void InterestConformalProbabilities(const InterestModel *model, const float *u, double evidence,
										   InterestArena *scratch, float *probabilities);

#endif

/*
 * settings.c
 *	  The extension's settings.
 */
#include "pg/compat.h"

#include <limits.h>

#include "utils/guc.h"

#include "pg/settings.h"

char	   *interest_model_setting = NULL;
int			interest_encode_cache = 2 * 1024;
int			interest_encode_ahead = 64;
int			interest_shared_cache = 64 * 1024;
int			interest_model_cache = 512 * 1024;

static char *kernel_setting = NULL;
static const InterestKernel *kernel = NULL;

static bool
CheckKernelSetting(char **value, void **extra, GucSource source)
{
	if (InterestKernelChoose(*value) != NULL)
		return true;
	GUC_check_errdetail("There is no kernel of that name that this processor can run.");
	GUC_check_errhint("Use auto or portable.");
	return false;
}

static void
AssignKernelSetting(const char *value, void *extra)
{
	kernel = InterestKernelChoose(value);
}

const InterestKernel *
InterestCurrentKernel(void)
{
	return kernel;
}

void
InterestDefineSettings(void)
{
	DefineCustomStringVariable("interest.model",
							   "Model that functions use when none is named.",
							   "Stored objects (views, materialized views, functions) should name the "
							   "model: they must not depend on a session's setting.",
							   &interest_model_setting, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("interest.encode_cache",
							"Memory of a session for texts that it has encoded already.",
							"Texts that are not among them are looked for in interest.shared_cache.",
							&interest_encode_cache, 2 * 1024, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("interest.encode_ahead",
							"Most rows that a query reads ahead to encode their texts together.",
							"They go to interest.encode_cache, which must be there; 0: none.",
							&interest_encode_ahead, 64, 0, 1024,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("interest.shared_cache",
							"Size of the file of texts that any session has encoded already.",
							"All sessions map one file among the server's temporary files; 0: none.",
							&interest_shared_cache, 64 * 1024, 0, MAX_KILOBYTES,
							PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("interest.model_cache",
							"Memory of a session for encoders and models that are not in use at the moment.",
							NULL, &interest_model_cache, 512 * 1024, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomStringVariable("interest.kernel",
							   "Instruction set that vectors are computed with; for tests.",
							   "Every kernel gives the same bits.",
							   &kernel_setting, "auto", PGC_USERSET, 0,
							   CheckKernelSetting, AssignKernelSetting, NULL);
	MarkGUCPrefixReserved("interest");
}

/*
 * encoder_directory.c
 *	  Reads the Hugging Face directory of a BERT encoder.
 */
#include "pg/compat.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "core/encoder/safetensors.h"
#include "core/encoder/weights.h"
#include "pg/encoder_directory.h"
#include "pg/model_files.h"
#include "pg/report.h"
#include "pg/tensors.h"

#define WEIGHTS_FILE "model.safetensors"

static const char PoolingHint[] = "Load an encoder that pools by the mean, by [CLS] or by the largest values.";
static const char TokenizerHint[] = "Load an encoder with the WordPiece tokenizer of BERT.";

typedef struct ModelDirectory
{
	const char *path;
	const char *transformer;	/* folder of config.json, vocabulary and weights; often "" */
	const char *pooling;		/* folder of the pooling's settings, NULL if none */
	InterestEncoderContent *content;
} ModelDirectory;

/* A file in the transformer's folder, as errors name it. */
static const char *
FileName(const ModelDirectory *directory, const char *file)
{
	return InterestModelFileName(directory->transformer, file);
}

static void
ReportUnsupported(const char *what, const char *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s \"%s\" is not supported", what, name),
			 errhint("%s", hint)));
}

static void
ReportMissing(const char *file, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FILE),
			 errmsg("%s is missing in the directory", file),
			 errhint("%s", hint)));
}

/*
 * modules.json
 */

/* A module's folder must lie in the directory itself. */
static const char *
ModuleFolder(const InterestJson *module)
{
	char	   *folder = "";

	(void) InterestJsonText(module, "path", &folder);
	if (strpbrk(folder, "/\\") != NULL || folder[0] == '.')
		ereport(ERROR,
				(errcode(module->code),
				 errmsg("path \"%s\" in %s is not a folder of the directory", folder, module->place)));
	return folder;
}

static void
ReadModules(ModelDirectory *directory)
{
	static const char *const wanted[] = {"Transformer", "Pooling", "Normalize"};
	InterestJson json;
	InterestJson *modules;
	int			count;

	directory->transformer = "";
	directory->pooling = NULL;
	directory->content->config.pooling = INTEREST_POOLING_MEAN;
	directory->content->config.normalize = false;
	if (!InterestModelFileReadJson(directory->path, "modules.json", INTEREST_MAX_SETTINGS_FILE, &json))
		return;
	count = InterestJsonObjects(&json, &modules);
	for (int i = 0; i < count; i++)
	{
		char	   *type = "none";
		const char *kind;

		/* "sentence_transformers.models.Pooling" -> "Pooling" */
		(void) InterestJsonText(&modules[i], "type", &type);
		kind = strrchr(type, '.') ? strrchr(type, '.') + 1 : type;
		if (i >= (int) lengthof(wanted) || strcmp(kind, wanted[i]) != 0)
			ReportUnsupported("module", kind,
							  "An encoder is a Transformer, a Pooling and perhaps a Normalize, in this order.");
		if (i == 0)
			directory->transformer = ModuleFolder(&modules[i]);
		else if (i == 1)
			directory->pooling = ModuleFolder(&modules[i]);
		else
			directory->content->config.normalize = true;
	}
	if (count < 2)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("modules.json has %d modules", count),
				 errdetail("An encoder is a Transformer, a Pooling and perhaps a Normalize, in this order.")));
}

/* The one mode that the pooling's config.json names: by a flag of its own, or in one word. */
static char *
PoolingMode(const InterestJson *json)
{
	static const char prefix[] = "pooling_mode_";
	char	  **keys;
	int			count = InterestJsonKeys(json, &keys);
	char	   *mode = NULL;

	(void) InterestJsonText(json, "pooling_mode", &mode);
	for (int i = 0; i < count; i++)
	{
		bool		on = false;

		if (strncmp(keys[i], prefix, strlen(prefix)) != 0 || !InterestJsonBool(json, keys[i], &on) || !on)
			continue;
		if (mode != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("several poolings at once are not supported"),
					 errdetail("%s has both %s and %s.", json->place, mode, keys[i] + strlen(prefix)),
					 errhint("%s", PoolingHint)));
		mode = keys[i] + strlen(prefix);
	}
	return mode ? mode : "none";
}

static void
ReadPooling(ModelDirectory *directory)
{
	static const struct
	{
		const char *flag;
		const char *word;
		InterestPooling pooling;
	}			known[] = {
		{"mean_tokens", "mean", INTEREST_POOLING_MEAN},
		{"cls_token", "cls", INTEREST_POOLING_CLS},
		{"max_tokens", "max", INTEREST_POOLING_MAX},
	};
	const char *name;
	InterestJson json;
	char	   *mode;

	if (directory->pooling == NULL)
		return;
	name = InterestModelFileName(directory->pooling, "config.json");
	if (!InterestModelFileReadJson(directory->path, name, INTEREST_MAX_SETTINGS_FILE, &json))
		ReportMissing(name, "It says how the tokens of a text are pooled; modules.json names its folder.");
	mode = PoolingMode(&json);
	for (int i = 0; i < (int) lengthof(known); i++)
	{
		if (strcmp(mode, known[i].flag) == 0 || strcmp(mode, known[i].word) == 0)
		{
			directory->content->config.pooling = known[i].pooling;
			return;
		}
	}
	ReportUnsupported("pooling", mode, PoolingHint);
}

/*
 * config.json
 */
static int
RequireInteger(const InterestJson *json, const char *key, int64 least, int64 most)
{
	int64		value;

	if (!InterestJsonInteger(json, key, least, most, &value))
		ereport(ERROR,
				(errcode(json->code),
				 errmsg("%s has no \"%s\"", json->place, key),
				 errhint("The directory must be that of a BERT encoder.")));
	return (int) value;
}

static void
RequireBert(const InterestJson *json)
{
	const char *hint = "Load a BERT encoder: one whose config.json says model_type bert.";
	char	   *text = "none";
	bool		decoder = false;
	InterestJson list;
	char	  **architectures;

	if (!InterestJsonText(json, "model_type", &text) || strcmp(text, "bert") != 0)
		ReportUnsupported("architecture", text, hint);
	if (InterestJsonArray(json, "architectures", &list))
	{
		int			count = InterestJsonTexts(&list, &architectures);

		for (int i = 0; i < count; i++)
			if (strncmp(architectures[i], "Bert", strlen("Bert")) != 0)
				ReportUnsupported("architecture", architectures[i], hint);
	}
	if (InterestJsonText(json, "position_embedding_type", &text) && strcmp(text, "absolute") != 0)
		ReportUnsupported("position embedding", text, "Load an encoder with absolute position embeddings.");
	if (InterestJsonBool(json, "is_decoder", &decoder) && decoder)
		ReportUnsupported("architecture", "BERT decoder", hint);
}

static void
ReadArchitecture(ModelDirectory *directory)
{
	InterestEncoderConfig *config = &directory->content->config;
	const char *name = FileName(directory, "config.json");
	InterestJson json;
	InterestStatus status;
	char	   *activation = "gelu";
	double		epsilon = 1e-12;
	int64		token_types = 2;

	if (!InterestModelFileReadJson(directory->path, name, INTEREST_MAX_SETTINGS_FILE, &json))
		ReportMissing(name, "Name the directory of a Hugging Face model, as downloaded.");
	RequireBert(&json);
	config->vocabulary_size = RequireInteger(&json, "vocab_size", 1, INTEREST_ENCODER_MAX_VOCABULARY);
	config->hidden = RequireInteger(&json, "hidden_size", 1, INTEREST_ENCODER_MAX_HIDDEN);
	config->layers = RequireInteger(&json, "num_hidden_layers", 1, INTEREST_ENCODER_MAX_LAYERS);
	config->heads = RequireInteger(&json, "num_attention_heads", 1, INTEREST_ENCODER_MAX_HIDDEN);
	config->intermediate = RequireInteger(&json, "intermediate_size", 1, INTEREST_ENCODER_MAX_INTERMEDIATE);
	config->positions = RequireInteger(&json, "max_position_embeddings",
									   INTEREST_ENCODER_MIN_LENGTH, INTEREST_ENCODER_MAX_POSITIONS);
	(void) InterestJsonInteger(&json, "type_vocab_size", 1, INTEREST_ENCODER_MAX_TOKEN_TYPES, &token_types);
	config->token_types = (int) token_types;
	(void) InterestJsonNumber(&json, "layer_norm_eps", &epsilon);
	config->layer_norm_epsilon = (float) epsilon;
	(void) InterestJsonText(&json, "hidden_act", &activation);
	if (!InterestActivationFromName(activation, &config->activation, &status))
		InterestReport(&status);
}

/*
 * Tokenizer
 */

/* A part of tokenizer.json, which must be of the one type that we have. */
static InterestJson
RequirePart(const InterestJson *json, const char *key, const char *type)
{
	InterestJson part;
	char	   *found = "none";

	if (!InterestJsonObject(json, key, &part) ||
		(InterestJsonText(&part, "type", &found) ? strcmp(found, type) != 0
		 : strcmp(key, "model") != 0))	/* older files do not say the model's */
		ReportUnsupported(key, found, TokenizerHint);
	return part;
}

/* Texts are searched for the tokens of BERT alone. */
static void
CheckAddedTokens(const InterestJson *json)
{
	static const char *const known[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
	InterestJson list;
	InterestJson *tokens;
	int			count;

	if (!InterestJsonArray(json, "added_tokens", &list))
		return;
	count = InterestJsonObjects(&list, &tokens);
	for (int i = 0; i < count; i++)
	{
		char	   *token = "";
		int			match = 0;

		(void) InterestJsonText(&tokens[i], "content", &token);
		while (match < (int) lengthof(known) && strcmp(token, known[match]) != 0)
			match++;
		if (match == (int) lengthof(known))
			ReportUnsupported("added token", token, TokenizerHint);
	}
}

/* tokenizer.json must hold the tokenizer that we have, whose options it sets. */
static void
ReadFastTokenizer(const InterestJson *json, InterestEncoderConfig *config, bool *accents_said)
{
	InterestJson part = RequirePart(json, "normalizer", "BertNormalizer");
	char	   *text;
	int64		longest;

	(void) InterestJsonBool(&part, "clean_text", &config->clean_text);
	(void) InterestJsonBool(&part, "handle_chinese_chars", &config->tokenize_chinese_chars);
	(void) InterestJsonBool(&part, "lowercase", &config->lowercase);
	*accents_said = InterestJsonBool(&part, "strip_accents", &config->strip_accents);
	(void) RequirePart(json, "pre_tokenizer", "BertPreTokenizer");
	part = RequirePart(json, "model", "WordPiece");
	if (InterestJsonText(&part, "continuing_subword_prefix", &text) && strcmp(text, "##") != 0)
		ReportUnsupported("subword prefix", text, TokenizerHint);
	if (InterestJsonText(&part, "unk_token", &text) && strcmp(text, "[UNK]") != 0)
		ReportUnsupported("unknown token", text, TokenizerHint);
	if (InterestJsonInteger(&part, "max_input_chars_per_word", 0, PG_INT32_MAX, &longest) &&
		longest != INTEREST_MAX_WORD)
		ReportUnsupported("max_input_chars_per_word", psprintf(INT64_FORMAT, longest), TokenizerHint);
	CheckAddedTokens(json);
}

/* The lines of vocab.txt from model.vocab of tokenizer.json: ids are 0 to n - 1, each once. */
static void
WriteVocabulary(const InterestJson *json, InterestModelFile *file)
{
	InterestJson model;
	InterestJson vocabulary;
	char	  **keys;
	const char **lines;
	int			count;
	StringInfoData text;

	if (!InterestJsonObject(json, "model", &model) || !InterestJsonObject(&model, "vocab", &vocabulary))
		ereport(ERROR,
				(errcode(json->code), errmsg("%s has no vocabulary", json->place)));
	count = InterestJsonKeys(&vocabulary, &keys);
	lines = palloc0(sizeof(char *) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		int			id = RequireInteger(&vocabulary, keys[i], 0, count - 1);

		if (lines[id] != NULL || strpbrk(keys[i], "\r\n") != NULL)
			ereport(ERROR,
					(errcode(json->code),
					 errmsg("vocabulary of %s is not usable", json->place),
					 errdetail("Piece %d is there twice or has a line break.", id)));
		lines[id] = keys[i];
	}
	initStringInfo(&text);
	for (int id = 0; id < count; id++)
		appendStringInfo(&text, "%s\n", lines[id]);
	file->name = json->place;
	file->bytes = text.data;
	file->size = text.len;
}

/* max_seq_length, else model_max_length (often a number without meaning), else all positions. */
static int
ReadMaxLength(ModelDirectory *directory, const InterestJson *tokenizer)
{
	const char *name = FileName(directory, "sentence_bert_config.json");
	const InterestEncoderConfig *config = &directory->content->config;
	InterestJson json;
	bool		lowercase = false;
	int64		length;
	double		longest;

	if (InterestModelFileReadJson(directory->path, name, INTEREST_MAX_SETTINGS_FILE, &json))
	{
		if (InterestJsonBool(&json, "do_lower_case", &lowercase) && lowercase && !config->lowercase)
			ReportUnsupported("setting", "do_lower_case of sentence_bert_config.json",
							  "Set do_lower_case in tokenizer_config.json instead.");
		if (InterestJsonInteger(&json, "max_seq_length", INTEREST_ENCODER_MIN_LENGTH, PG_INT32_MAX, &length))
			return (int) Min(length, config->positions);
	}
	if (tokenizer && InterestJsonNumber(tokenizer, "model_max_length", &longest) &&
		longest >= INTEREST_ENCODER_MIN_LENGTH && longest < config->positions)
		return (int) longest;
	return config->positions;
}

static void
ReadTokenizer(ModelDirectory *directory, InterestModelFile *vocabulary)
{
	InterestEncoderConfig *config = &directory->content->config;
	const char *settings_name = FileName(directory, "tokenizer_config.json");
	const char *vocabulary_name = FileName(directory, "vocab.txt");
	InterestJson fast;
	InterestJson settings;
	bool		has_fast = InterestModelFileReadJson(directory->path, FileName(directory, "tokenizer.json"),
													 INTEREST_MAX_TOKENIZER_FILE, &fast);
	bool		has_settings = InterestModelFileReadJson(directory->path, settings_name,
														 INTEREST_MAX_SETTINGS_FILE, &settings);
	bool		accents_said = false;

	config->lowercase = config->clean_text = config->tokenize_chinese_chars = true;
	if (has_fast)
		ReadFastTokenizer(&fast, config, &accents_said);
	if (has_settings)
	{
		(void) InterestJsonBool(&settings, "do_lower_case", &config->lowercase);
		(void) InterestJsonBool(&settings, "tokenize_chinese_chars", &config->tokenize_chinese_chars);
		if (InterestJsonHas(&settings, "strip_accents"))
			accents_said = InterestJsonBool(&settings, "strip_accents", &config->strip_accents);
	}
	/* Accents follow the case unless said otherwise. */
	if (!accents_said)
		config->strip_accents = config->lowercase;
	config->max_length = ReadMaxLength(directory, has_settings ? &settings : NULL);

	if (InterestModelFileRead(directory->path, vocabulary_name, INTEREST_MAX_VOCABULARY_FILE, vocabulary))
		return;
	if (!has_fast)
		ReportMissing(vocabulary_name, "A BERT encoder's pieces are in vocab.txt or in tokenizer.json.");
	WriteVocabulary(&fast, vocabulary);
}

/* Whether the pieces make a tokenizer and each has a row of the word embeddings. */
static void
CheckVocabulary(const InterestEncoderConfig *config, const InterestModelFile *file)
{
	InterestServerArena *arena = InterestArenaBegin(CurrentMemoryContext, "interest vocabulary", 64 * 1024);
	InterestVocabulary *vocabulary;
	InterestStatus status;
	int			pieces;

	if (!InterestVocabularyBuild(&arena->arena, file->bytes, file->size, &vocabulary, &status))
		InterestReport(&status);
	pieces = InterestVocabularySize(vocabulary);
	if (pieces > config->vocabulary_size)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("vocabulary has more pieces than the encoder has embeddings"),
				 errdetail("%s has %d pieces, config.json says a vocab_size of %d.",
						   file->name, pieces, config->vocabulary_size)));
	InterestArenaEnd(arena);
}

/*
 * Weights
 */

static void
OpenWeights(ModelDirectory *directory, InterestModelFile *file)
{
	const char *name = FileName(directory, WEIGHTS_FILE);

	if (InterestModelFileRead(directory->path, name, INTEREST_MAX_WEIGHTS_FILE, file))
		return;
	if (InterestModelFileExists(directory->path, FileName(directory, WEIGHTS_FILE ".index.json")))
		ReportUnsupported("weights file", "of several parts", "Merge the parts into one model.safetensors.");
	if (InterestModelFileExists(directory->path, FileName(directory, "pytorch_model.bin")))
		ReportMissing(name, "Convert pytorch_model.bin to safetensors: that format can run code and is not read.");
	ReportMissing(name, "Download the whole model, its weights included.");
}

static void
ReportWeights(InterestStatus *status)
{
	if (status->hint[0] == '\0' && status->code != INTEREST_UNSUPPORTED)
		(void) InterestHint(status, "Download the model again: %s must hold the weights that its config.json describes.",
							WEIGHTS_FILE);
	InterestReport(status);
}

static void
ReadWeights(ModelDirectory *directory, const InterestModelFile *vocabulary)
{
	InterestEncoderContent *content = directory->content;
	InterestModelFile file;
	InterestStatus status;
	InterestJson header;
	InterestTensorEntry *entries;
	uint64		length;
	int			count;
	const uint8 *data;
	uint64		data_size;

	OpenWeights(directory, &file);
	if (!InterestSafetensorsHeaderLength((const uint8 *) file.bytes, file.size, &length, &status))
		ReportWeights(&status);
	data = (const uint8 *) file.bytes + sizeof(uint64) + length;
	data_size = file.size - sizeof(uint64) - length;
	header = InterestJsonParse(file.bytes + sizeof(uint64), length,
							   psprintf("the header of %s", file.name), ERRCODE_DATA_CORRUPTED);
	count = InterestReadTensors(&header, &entries);
	if (!InterestEncoderCheckTensors(&content->config, entries, count, data_size, &status))
		ReportWeights(&status);
	content->vocabulary_size = vocabulary->size;
	InterestEncoderContentAllocate(content);
	memcpy(content->vocabulary, vocabulary->bytes, vocabulary->size);
	if (!InterestEncoderBuildImage(&content->config, entries, count,
								   data, data_size, content->image, &status))
		ReportWeights(&status);
	pfree(file.bytes);
}

/* What a user may take for granted, but the directory does not say or we do not do. */
static void
NoticeChoices(const ModelDirectory *directory)
{
	InterestJson json;
	char	   *prompt;

	if (directory->pooling == NULL)
		ereport(NOTICE,
				(errmsg("vectors are the mean of the tokens, not normalized"),
				 errdetail("The directory has no modules.json that says otherwise.")));
	/* sentence-transformers puts it before every text. */
	if (InterestModelFileReadJson(directory->path, "config_sentence_transformers.json",
								  INTEREST_MAX_SETTINGS_FILE, &json) &&
		InterestJsonText(&json, "default_prompt_name", &prompt))
		ereport(NOTICE,
				(errmsg("prompt \"%s\" of the encoder is not put before texts", prompt),
				 errhint("Put it before the texts yourself if you want it.")));
}

void
InterestEncoderReadDirectory(const char *path, InterestEncoderContent *content)
{
	ModelDirectory directory = {.path = InterestModelDirectory(path), .content = content};
	InterestModelFile vocabulary;
	InterestStatus status;

	content->config.storage = INTEREST_STORAGE_FP32;
	ReadModules(&directory);
	ReadPooling(&directory);
	ReadArchitecture(&directory);
	ReadTokenizer(&directory, &vocabulary);
	if (!InterestEncoderConfigCheck(&content->config, &status))
		InterestReport(&status);
	CheckVocabulary(&content->config, &vocabulary);
	ReadWeights(&directory, &vocabulary);
	NoticeChoices(&directory);
}

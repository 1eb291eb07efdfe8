/*
 * attend.h
 *	  A head of a short text, written once over lanes; elementwise.h includes it.
 *
 * The lanes are the text's queries and a register holds their scores of one key,
 * so that softmax goes along registers, all queries at once, and no row of a few
 * numbers is folded by itself.  What a kernel's file defines besides: SUMS_TOGETHER,
 * the sums of 16 lanes, 4 or 8, that its registers hold beside what goes into them.
 */
#define FOUR_SUMS(X) X(0) X(1) X(2) X(3)
#if SUMS_TOGETHER == 8
#define EACH_SUM(X) FOUR_SUMS(X) X(4) X(5) X(6) X(7)
#else
#define EACH_SUM(X) FOUR_SUMS(X)
#endif

#define SUM_START(i) \
	const float *left##i = left + (i < rows ? i : rows - 1) * left_row; \
	Lanes		sum##i = LanesSet(0.0f);
#define SUM_STEP(i) sum##i = LanesFma(LanesSet(left##i[p * left_term]), lanes, sum##i);
#define SUM_STORE(i) \
	if (i < count) \
		LanesWrite(out + i * out_row, width, sum##i);

/*
 * out (count, width) = left (rows, terms) times right (terms, width), for up to
 * SUMS_TOGETHER rows and 16 columns.  Numbers of a row of left are left_term
 * apart; the first rows of it, at least count, may be read.
 */
KERNEL_TARGET InterestForceInline void
MultiplyLanes(int count, int rows, int terms, const float *left, int left_row, int left_term,
			  const float *right, int right_row, int width, float *out, int out_row)
{
	EACH_SUM(SUM_START)

	for (int p = 0; p < terms; p++, right += right_row)
	{
		Lanes		lanes = LanesRead(right, width);

		EACH_SUM(SUM_STEP)
	}
	EACH_SUM(SUM_STORE)
}

/* Softmax of scale times each column of x (count, INTEREST_LANES), count from 1 to 16. */
KERNEL_TARGET InterestForceInline void
SoftmaxColumns(int count, float *x, float scale)
{
	Lanes		largest = LanesLoad(x);
	Lanes		sums[INTEREST_LANES];
	Lanes		shift;
	int			left = count;

	for (int j = 1; j < count; j++)
		largest = LanesMax(largest, LanesLoad(x + j * INTEREST_LANES));
	shift = LanesMultiply(largest, LanesSet(-scale));
	for (int j = 0; j < count; j++)
	{
		sums[j] = LanesExp(LanesFma(LanesLoad(x + j * INTEREST_LANES), LanesSet(scale), shift));
		LanesStore(x + j * INTEREST_LANES, sums[j]);
	}
	/* As LanesFold does; what is not there would be zeros. */
	for (int half = INTEREST_LANES / 2; half > 0; half /= 2)
		for (; left > half; left--)
			sums[left - 1 - half] = LanesAdd(sums[left - 1 - half], sums[left - 1]);
	sums[0] = LanesDivide(LanesSet(1.0f), sums[0]);
	for (int j = 0; j < count; j++)
		LanesStore(x + j * INTEREST_LANES, LanesMultiply(LanesLoad(x + j * INTEREST_LANES), sums[0]));
}

KERNEL_TARGET static void
Attend(int length, int size, const float *query, const float *key, const float *value, int stride,
	   float scale, float *panels, float *context, int context_stride)
{
	float		shares[INTEREST_LANES * INTEREST_LANES];	/* keys by queries */

	PackRows(length, size, query, stride, panels);
	for (int j = 0; j < length; j += SUMS_TOGETHER)
		MultiplyLanes(length - j, length - j, size, key + (size_t) j * stride, stride, 1,
					  panels, INTEREST_PANEL_WIDTH, INTEREST_LANES,
					  shares + j * INTEREST_LANES, INTEREST_LANES);
	SoftmaxColumns(length, shares, scale);
	for (int i = 0; i < length; i += SUMS_TOGETHER)
		for (int j = 0; j < size; j += INTEREST_LANES)
			MultiplyLanes(length - i, SUMS_TOGETHER, length, shares + i, 1, INTEREST_LANES,
						  value + j, stride, LanesLeft(size, j),
						  context + (size_t) i * context_stride + j, context_stride);
}

/*
 * elementwise.h
 *	  Everything of a kernel but its product, written once over 16 lanes.
 *
 * A kernel's file defines the type Lanes (16 floats), its operations (named
 * Lanes...) and KERNEL_TARGET, the attribute of its instruction set, and then
 * includes this file: the same operations in the same order are the same bits.
 *
 * LanesMax(a, b) is a > b ? a : b and LanesMin likewise, so that a bound as
 * first operand lets a NaN through.
 */

#include "core/kernel/transcendental.h"

/* Elements of the 16 from j on. */
InterestForceInline int
LanesLeft(int n, int j)
{
	return n - j < INTEREST_LANES ? n - j : INTEREST_LANES;
}

/* The next count elements, zeros behind them. */
KERNEL_TARGET InterestForceInline Lanes
LanesRead(const float *x, int count)
{
	return count == INTEREST_LANES ? LanesLoad(x) : LanesLoadPart(x, count);
}

KERNEL_TARGET InterestForceInline void
LanesWrite(float *x, int count, Lanes value)
{
	if (count == INTEREST_LANES)
		LanesStore(x, value);
	else
		LanesStorePart(x, count, value);
}

KERNEL_TARGET static void
Gelu(int n, float *x)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);
		Lanes		half = LanesMultiply(value, LanesSet(0.5f));
		Lanes		erf = LanesErf(LanesMultiply(value, LanesSet(0.707106781f)));

		LanesWrite(x + j, count, LanesFma(half, erf, half));
	}
}

/*
 * The normal distribution as 1/2 + x p(x^2), the polynomial whose product with x is
 * the minimax one on [-3.94, 3.94], fitted by us: off by at most 1.7e-4.  Where the
 * argument is cut off it is 0 and 1 to 1e-11.  It takes a third of erf's time.
 */
KERNEL_TARGET InterestForceInline Lanes
LanesNormalCoarse(Lanes x)
{
	const float end = 3.93968511f;
	Lanes		y = LanesMin(LanesSet(end), LanesMax(LanesSet(-end), x));
	Lanes		z = LanesMultiply(y, y);
	Lanes		p = LanesFma(LanesSet(2.47061376e-8f), z, LanesSet(-1.69404882e-6f));

	p = LanesFma(p, z, LanesSet(4.97904948e-5f));
	p = LanesFma(p, z, LanesSet(-0.000831191719f));
	p = LanesFma(p, z, LanesSet(0.00885264017f));
	p = LanesFma(p, z, LanesSet(-0.0647426844f));
	p = LanesFma(p, z, LanesSet(0.398000062f));
	return LanesFma(p, y, LanesSet(0.5f));
}

KERNEL_TARGET static void
GeluCoarse(int n, float *x)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);

		LanesWrite(x + j, count, LanesMultiply(value, LanesNormalCoarse(value)));
	}
}

/* The slope is P + x p, P the normal distribution and p its density; x P is the value. */
KERNEL_TARGET static void
GeluSlope(int n, float *x, float *slope)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);
		Lanes		half = LanesMultiply(value, LanesSet(0.5f));
		Lanes		erf = LanesErf(LanesMultiply(value, LanesSet(0.707106781f)));
		Lanes		share = LanesFma(erf, LanesSet(0.5f), LanesSet(0.5f));
		Lanes		density = LanesExp(LanesMultiply(half, LanesSubtract(LanesSet(0.0f), value)));

		LanesWrite(x + j, count, LanesFma(half, erf, half));
		LanesWrite(slope + j, count,
				   LanesFma(LanesMultiply(value, LanesSet(0.398942280f)), density, share));
	}
}

/*
 * x (1 + tanh u) / 2 = x / (1 + e^-2u), u = sqrt(2 / pi) (x + 0.044715 x^3).
 * The exponent is held to 88 where the result is 0 to single precision.
 */
KERNEL_TARGET static void
GeluTanh(int n, float *x)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);
		Lanes		square = LanesMultiply(value, value);
		Lanes		u = LanesFma(square, LanesSet(0.044715f), LanesSet(1.0f));
		Lanes		exponent = LanesMultiply(LanesMultiply(value, LanesSet(-1.59576912f)), u);
		Lanes		e = LanesExp(LanesMin(LanesSet(88.0f), exponent));

		LanesWrite(x + j, count, LanesDivide(value, LanesAdd(LanesSet(1.0f), e)));
	}
}

KERNEL_TARGET static void
Relu(int n, float *x)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(x + j, count, LanesMax(LanesSet(0.0f), LanesRead(x + j, count)));
	}
}

/* Sum of x + residual, left in x. */
KERNEL_TARGET InterestForceInline float
AddResidual(int n, float *x, const float *residual)
{
	Lanes		sum = LanesSet(0.0f);

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);

		if (residual)
		{
			value = LanesAdd(value, LanesRead(residual + j, count));
			LanesWrite(x + j, count, value);
		}
		sum = LanesAdd(sum, value);
	}
	return LanesFold(sum);
}

KERNEL_TARGET InterestForceInline float
SquaredDeviations(int n, const float *x, float mean)
{
	Lanes		sum = LanesSet(0.0f);

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		deviation = LanesSubtract(LanesRead(x + j, count), LanesSet(mean));

		if (count < INTEREST_LANES)
			deviation = LanesSelect(count, deviation, LanesSet(0.0f));
		sum = LanesFma(deviation, deviation, sum);
	}
	return LanesFold(sum);
}

KERNEL_TARGET InterestForceInline void
Normal(int n, float *x, float mean, float deviation, const float *gain, const float *bias)
{
	Lanes		factor = LanesSet(1.0f / deviation);

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesSubtract(LanesRead(x + j, count), LanesSet(mean));

		value = LanesFma(LanesMultiply(value, factor),
						 LanesRead(gain + j, count), LanesRead(bias + j, count));
		LanesWrite(x + j, count, value);
	}
}

/* Each step for a few rows before the next one: its sums wait for no other row's. */
KERNEL_TARGET static void
LayerNorm(int rows, int n, float *x, int ldx, const float *residual, int ld_residual,
		  const float *gain, const float *bias, float epsilon)
{
	for (int from = 0; from < rows; from += ROWS_AT_ONCE)
	{
		int			count = rows - from < ROWS_AT_ONCE ? rows - from : ROWS_AT_ONCE;
		float	   *first = x + (size_t) from * ldx;
		float		means[ROWS_AT_ONCE];
		float		deviations[ROWS_AT_ONCE];

		for (int i = 0; i < count; i++)
			means[i] = AddResidual(n, first + i * ldx,
								   residual ? residual + (size_t) (from + i) * ld_residual : NULL) / (float) n;
		for (int i = 0; i < count; i++)
			deviations[i] = sqrtf(SquaredDeviations(n, first + i * ldx, means[i]) / (float) n + epsilon);
		for (int i = 0; i < count; i++)
			Normal(n, first + i * ldx, means[i], deviations[i], gain, bias);
	}
}

KERNEL_TARGET InterestForceInline float
RowSum(int n, const float *x)
{
	Lanes		sum = LanesSet(0.0f);

	for (int j = 0; j < n; j += INTEREST_LANES)
		sum = LanesAdd(sum, LanesRead(x + j, LanesLeft(n, j)));
	return LanesFold(sum);
}

/*
 * With y the normal x and g = gain * gradient, a row's gradient by x is
 * (g - mean g - y mean(g y)) / deviation.
 */
KERNEL_TARGET InterestForceInline void
NormalGradient(int n, const float *x, float mean, float deviation, const float *gain, float *gradient)
{
	Lanes		factor = LanesSet(1.0f / deviation);
	Lanes		sum = LanesSet(0.0f);
	Lanes		along = LanesSet(0.0f);
	Lanes		mean_g;
	Lanes		mean_gy;

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		y = LanesMultiply(LanesSubtract(LanesRead(x + j, count), LanesSet(mean)), factor);
		Lanes		g = LanesMultiply(LanesRead(gradient + j, count), LanesRead(gain + j, count));

		LanesWrite(gradient + j, count, g);
		sum = LanesAdd(sum, g);
		along = LanesFma(g, y, along);
	}
	mean_g = LanesSet(LanesFold(sum) / (float) n);
	mean_gy = LanesSet(-LanesFold(along) / (float) n);
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		y = LanesMultiply(LanesSubtract(LanesRead(x + j, count), LanesSet(mean)), factor);
		Lanes		g = LanesSubtract(LanesRead(gradient + j, count), mean_g);

		LanesWrite(gradient + j, count, LanesMultiply(LanesFma(y, mean_gy, g), factor));
	}
}

KERNEL_TARGET static void
LayerNormGradient(int rows, int n, const float *x, int ldx, const float *gain, float epsilon,
				  float *gradient, int ld_gradient)
{
	for (int i = 0; i < rows; i++, x += ldx, gradient += ld_gradient)
	{
		float		mean = RowSum(n, x) / (float) n;

		NormalGradient(n, x, mean, sqrtf(SquaredDeviations(n, x, mean) / (float) n + epsilon), gain, gradient);
	}
}

KERNEL_TARGET static void
Scale(int n, float alpha, float *x)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(x + j, count, LanesMultiply(LanesRead(x + j, count), LanesSet(alpha)));
	}
}

KERNEL_TARGET InterestForceInline float
Largest(int n, const float *x)
{
	Lanes		largest = LanesSet(x[0]);

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		value = LanesRead(x + j, count);

		if (count < INTEREST_LANES)
			value = LanesSelect(count, value, largest);
		largest = LanesMax(largest, value);
	}
	return LanesFoldMax(largest);
}

KERNEL_TARGET static void
Softmax(int n, float *x, float scale)
{
	Lanes		shift;
	Lanes		sum = LanesSet(0.0f);

	if (n == 0)
		return;
	shift = LanesSet(-(Largest(n, x) * scale));
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		e = LanesExp(LanesFma(LanesRead(x + j, count), LanesSet(scale), shift));

		if (count < INTEREST_LANES)
			e = LanesSelect(count, e, LanesSet(0.0f));
		LanesWrite(x + j, count, e);
		sum = LanesAdd(sum, e);
	}
	Scale(n, 1.0f / LanesFold(sum), x);
}

/* Rows r, r + 16 ... share a partial sum, as the elements of a row do. */
KERNEL_TARGET static void
MeanRows(int rows, int n, const float *x, int ldx, float *out)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		sums[INTEREST_LANES];

		for (int i = 0; i < INTEREST_LANES; i++)
			sums[i] = LanesSet(0.0f);
		for (int r = 0; r < rows; r++)
			sums[r % INTEREST_LANES] = LanesAdd(sums[r % INTEREST_LANES],
												LanesRead(x + (size_t) r * ldx + j, count));
		for (int half = INTEREST_LANES / 2; half > 0; half /= 2)
			for (int i = 0; i < half; i++)
				sums[i] = LanesAdd(sums[i], sums[i + half]);
		LanesWrite(out + j, count, LanesDivide(sums[0], LanesSet((float) rows)));
	}
}

KERNEL_TARGET static void
MaxRows(int rows, int n, const float *x, int ldx, float *out)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		largest = LanesRead(x + j, count);

		for (int r = 1; r < rows; r++)
			largest = LanesMax(largest, LanesRead(x + (size_t) r * ldx + j, count));
		LanesWrite(out + j, count, largest);
	}
}

KERNEL_TARGET static float
Dot(int n, const float *x, const float *y)
{
	Lanes		sum = LanesSet(0.0f);

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		sum = LanesFma(LanesRead(x + j, count), LanesRead(y + j, count), sum);
	}
	return LanesFold(sum);
}

KERNEL_TARGET static void
SoftmaxGradient(int n, const float *p, float scale, float *gradient)
{
	Lanes		mean = LanesSet(Dot(n, p, gradient));

	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);
		Lanes		share = LanesMultiply(LanesRead(p + j, count), LanesSet(scale));

		LanesWrite(gradient + j, count, LanesMultiply(share, LanesSubtract(LanesRead(gradient + j, count), mean)));
	}
}

KERNEL_TARGET static void
Multiply(int n, const float *x, float *y)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(y + j, count, LanesMultiply(LanesRead(y + j, count), LanesRead(x + j, count)));
	}
}

KERNEL_TARGET static void
Normalize(int n, float *x)
{
	float		norm = sqrtf(Dot(n, x, x));

	/* A NaN stays one. */
	if (norm < 1e-12f)
		norm = 1e-12f;
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(x + j, count, LanesDivide(LanesRead(x + j, count), LanesSet(norm)));
	}
}

KERNEL_TARGET static void
Add(int n, const float *x, float *y)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(y + j, count, LanesAdd(LanesRead(y + j, count), LanesRead(x + j, count)));
	}
}

KERNEL_TARGET static void
Axpy(int n, float alpha, const float *x, float *y)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		int			count = LanesLeft(n, j);

		LanesWrite(y + j, count, LanesFma(LanesSet(alpha), LanesRead(x + j, count),
										  LanesRead(y + j, count)));
	}
}

/* Four numbers each of 16 rows, from p on, become 16 numbers each of four columns. */
KERNEL_TARGET InterestForceInline void
TransposeFour(const float *const *rows, int p, float *to)
{
	Lanes		a = LanesQuads(rows[0] + p, rows[4] + p, rows[8] + p, rows[12] + p);
	Lanes		b = LanesQuads(rows[1] + p, rows[5] + p, rows[9] + p, rows[13] + p);
	Lanes		c = LanesQuads(rows[2] + p, rows[6] + p, rows[10] + p, rows[14] + p);
	Lanes		d = LanesQuads(rows[3] + p, rows[7] + p, rows[11] + p, rows[15] + p);
	Lanes		low_ab = LanesZipLow(a, b);
	Lanes		high_ab = LanesZipHigh(a, b);
	Lanes		low_cd = LanesZipLow(c, d);
	Lanes		high_cd = LanesZipHigh(c, d);

	LanesStore(to, LanesPairLow(low_ab, low_cd));
	LanesStore(to + INTEREST_PANEL_WIDTH, LanesPairHigh(low_ab, low_cd));
	LanesStore(to + 2 * INTEREST_PANEL_WIDTH, LanesPairLow(high_ab, high_cd));
	LanesStore(to + 3 * INTEREST_PANEL_WIDTH, LanesPairHigh(high_ab, high_cd));
}

/* Sixteen rows at a time; the last row stands in for those behind it. */
KERNEL_TARGET static void
PackRows(int n, int k, const float *w, int ldw, float *panels)
{
	for (int j = 0; j < n; j += INTEREST_LANES)
	{
		float	   *to = panels + (size_t) (j / INTEREST_PANEL_WIDTH) * k * INTEREST_PANEL_WIDTH +
			j % INTEREST_PANEL_WIDTH;
		const float *rows[INTEREST_LANES];
		int			p = 0;

		for (int i = 0; i < INTEREST_LANES; i++)
			rows[i] = w + (size_t) (j + i < n ? j + i : n - 1) * ldw;
		for (; p + 4 <= k; p += 4)
			TransposeFour(rows, p, to + p * INTEREST_PANEL_WIDTH);
		for (; p < k; p++)
			for (int i = 0; i < INTEREST_LANES; i++)
				to[p * INTEREST_PANEL_WIDTH + i] = rows[i][p];
	}
}

#include "core/kernel/attend.h"

#define KERNEL_FUNCTIONS \
	.product = ProductFp32, \
	.pack = PackRows, \
	.layer_norm = LayerNorm, \
	.layer_norm_gradient = LayerNormGradient, \
	.gelu = Gelu, \
	.gelu_coarse = GeluCoarse, \
	.gelu_slope = GeluSlope, \
	.gelu_tanh = GeluTanh, \
	.relu = Relu, \
	.softmax = Softmax, \
	.softmax_gradient = SoftmaxGradient, \
	.attend = Attend, \
	.mean_rows = MeanRows, \
	.max_rows = MaxRows, \
	.normalize = Normalize, \
	.dot = Dot, \
	.add = Add, \
	.multiply = Multiply, \
	.axpy = Axpy, \
	.scale = Scale

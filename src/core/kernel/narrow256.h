/*
 * narrow256.h
 *	  Rows to int8 with AVX2, 16 numbers at a time; needs KERNEL_TARGET.
 */

/* All bits set in the lanes from first on that are below count. */
KERNEL_TARGET InterestForceInline __m256i
FirstLanes(int count, int first)
{
	return _mm256_cmpgt_epi32(_mm256_set1_epi32(count - first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* Eight numbers of a row from x + first on, zeros where none are left. */
KERNEL_TARGET InterestForceInline __m256
LoadEight(const float *x, int left, int first)
{
	return left >= first + 8 ? _mm256_loadu_ps(x + first) :
		_mm256_maskload_ps(x + first, FirstLanes(left, first));
}

/* What the numbers of the row are multiplied with, and its scale. */
KERNEL_TARGET InterestForceInline __m256
Int8Factor(int k, const float *x, float *scale)
{
	const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
	__m256i		most = _mm256_setzero_si256();
	__m128i		four;
	float		largest;

	for (int p = 0; p < k; p += 8)
		most = _mm256_max_epi32(most, _mm256_and_si256(_mm256_castps_si256(LoadEight(x + p, k - p, 0)), magnitude));
	four = _mm_max_epi32(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1));
	four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(1, 0, 3, 2)));
	four = _mm_max_epi32(four, _mm_shuffle_epi32(four, _MM_SHUFFLE(2, 3, 0, 1)));
	largest = _mm_cvtss_f32(_mm_castsi128_ps(four));
	*scale = largest / INTEREST_INT8_STEPS;
	if (largest >= INTEREST_INT8_LEAST && largest <= FLT_MAX)
		return _mm256_set1_ps(INTEREST_INT8_STEPS / largest);
	return _mm256_setzero_ps();
}

/* The 16 steps of the next numbers; what they are where the scale is not finite does not matter. */
KERNEL_TARGET InterestForceInline __m256i
Int8Steps(const float *x, int left, __m256 factor)
{
	__m256i		low = _mm256_cvtps_epi32(_mm256_mul_ps(LoadEight(x, left, 0), factor));
	__m256i		high = _mm256_cvtps_epi32(_mm256_mul_ps(LoadEight(x, left, 8), factor));

	return _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
}

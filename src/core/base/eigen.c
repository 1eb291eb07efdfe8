/*
 * eigen.c
 *	  Eigenvectors of a symmetric matrix: Householder's reduction to three
 *	  diagonals, then QL steps with implicit shifts (Golub, Van Loan, "Matrix
 *	  computations", section 8.3).
 *
 * Loops run along rows and each element has an order of its own, so that a
 * compiler may use vectors without changing a bit.
 */
#include "core/base/eigen.h"

#include "core/base/sort.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Steps for one eigenvalue; two or three are usual. */
#define MAX_STEPS 64

typedef struct Tridiagonal
{
	int			n;
	double	   *diagonal;		/* (n) */
	double	   *beside;			/* (n): beside[i] lies between i and i + 1; the last is 0 */
	double		rounding;		/* what lies beside the diagonal and is no more than this is 0 */
	double	   *rows;			/* (n, n): on the way, rows that end up as eigenvectors */
} Tridiagonal;

double
InterestDotProduct(int n, const double *x, const double *y)
{
	double		sum = 0.0;

	for (int i = 0; i < n; i++)
		sum += x[i] * y[i];
	return sum;
}

static void
Add(int n, double factor, const double *x, double *y)
{
	for (int i = 0; i < n; i++)
		y[i] += factor * x[i];
}

/*
 * Makes x (n) the vector v of a reflection 1 - beta v v' that takes x to alpha e1;
 * returns beta, which is 0 where nothing is to be done.
 */
static double
Reflect(int n, double *x, double *alpha)
{
	double		norm = sqrt(InterestDotProduct(n, x, x));

	*alpha = x[0];
	if (norm == 0.0 || norm == fabs(x[0]))
		return 0.0;
	*alpha = x[0] > 0.0 ? -norm : norm;
	x[0] -= *alpha;
	return 2.0 / InterestDotProduct(n, x, x);
}

/* matrix (m, m, rows of n) = H matrix H, H = 1 - beta v v'; p (m) is scratch. */
static void
ReflectBothSides(int n, int m, double *matrix, double beta, const double *v, double *p)
{
	memset(p, 0, sizeof(double) * (size_t) m);
	for (int i = 0; i < m; i++)
		Add(m, beta * v[i], matrix + (size_t) i * n, p);
	Add(m, -0.5 * beta * InterestDotProduct(m, p, v), v, p);
	for (int i = 0; i < m; i++)
	{
		double	   *row = matrix + (size_t) i * n;

		for (int j = 0; j < m; j++)
			row[j] -= v[i] * p[j] + p[i] * v[j];
	}
}

/* The vectors of the reflections take the place of the rows right of the diagonal. */
static void
Reduce(Tridiagonal *t, double *betas, InterestArena *scratch)
{
	int			n = t->n;
	double	   *p = InterestArenaArray(scratch, double, n);

	for (int k = 0; k < n; k++)
	{
		double	   *row = t->rows + (size_t) k * n;
		int			m = n - k - 1;

		InterestCheckCancel(scratch->host);
		t->diagonal[k] = row[k];
		t->beside[k] = m > 0 ? row[k + 1] : 0.0;
		betas[k] = 0.0;
		if (m < 2)
			continue;
		betas[k] = Reflect(m, row + k + 1, &t->beside[k]);
		if (betas[k] != 0.0)
			ReflectBothSides(n, m, t->rows + (size_t) (k + 1) * n + k + 1, betas[k], row + k + 1, p);
	}
}

/* Turns the reflections into the transpose of their product. */
static void
MultiplyReflections(Tridiagonal *t, const double *betas, InterestArena *scratch)
{
	int			n = t->n;
	double	   *product = InterestArenaAllocateZero(scratch, sizeof(double) * (size_t) n * n);
	double	   *sum = InterestArenaArray(scratch, double, n);

	for (int i = 0; i < n; i++)
		product[(size_t) i * n + i] = 1.0;
	for (int k = n - 3; k >= 0; k--)
	{
		const double *v = t->rows + (size_t) k * n;

		InterestCheckCancel(scratch->host);
		if (betas[k] == 0.0)
			continue;
		memset(sum, 0, sizeof(double) * (size_t) n);
		for (int i = k + 1; i < n; i++)
			Add(n - k - 1, v[i], product + (size_t) i * n + k + 1, sum + k + 1);
		for (int i = k + 1; i < n; i++)
			Add(n - k - 1, -betas[k] * v[i], sum + k + 1, product + (size_t) i * n + k + 1);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			t->rows[(size_t) i * n + j] = product[(size_t) j * n + i];
}

static void
Rotate(int n, double c, double s, double *x, double *y)
{
	for (int i = 0; i < n; i++)
	{
		double		old = y[i];

		y[i] = s * x[i] + c * old;
		x[i] = c * x[i] - s * old;
	}
}

/* The end of the block that starts at first: nothing lies beside it any more. */
static int
BlockEnd(const Tridiagonal *t, int first)
{
	int			last = first;

	while (last < t->n - 1 && fabs(t->beside[last]) > t->rounding &&
		   fabs(t->beside[last]) > DBL_EPSILON * (fabs(t->diagonal[last]) + fabs(t->diagonal[last + 1])))
		last++;
	return last;
}

/* One QL step of the block first .. last, shifted by what its upper corner is nearest to. */
static void
Step(Tridiagonal *t, int first, int last)
{
	double		half = (t->diagonal[first + 1] - t->diagonal[first]) / (2.0 * t->beside[first]);
	double		root = sqrt(half * half + 1.0);
	double		below = t->diagonal[last] - t->diagonal[first] +
		t->beside[first] / (half + (half < 0.0 ? -root : root));
	double		c = 1.0;
	double		s = 1.0;
	double		moved = 0.0;

	for (int i = last - 1; i >= first; i--)
	{
		double		across = s * t->beside[i];
		double		along = c * t->beside[i];
		double		norm = sqrt(across * across + below * below);
		double		sum;

		t->beside[i + 1] = norm;
		if (norm == 0.0)
		{
			t->diagonal[i + 1] -= moved;
			t->beside[last] = 0.0;
			return;
		}
		s = across / norm;
		c = below / norm;
		below = t->diagonal[i + 1] - moved;
		sum = (t->diagonal[i] - below) * s + 2.0 * c * along;
		moved = s * sum;
		t->diagonal[i + 1] = below + moved;
		below = c * sum - along;
		Rotate(t->n, c, s, t->rows + (size_t) i * t->n, t->rows + (size_t) (i + 1) * t->n);
	}
	t->diagonal[first] -= moved;
	t->beside[first] = below;
	t->beside[last] = 0.0;
}

/* What rounding has left of a 0: DBL_EPSILON of the greatest row. */
static double
RoundingOf(const Tridiagonal *t)
{
	double		most = 0.0;

	for (int i = 0; i < t->n; i++)
		most = fmax(most, fabs(t->diagonal[i]) + fabs(t->beside[i]));
	return DBL_EPSILON * most;
}

/*
 * Elements beside the diagonal are told from 0 by their neighbours, which keeps small
 * eigenvalues right.  Of a matrix of low rank all of a block can be rounding, and
 * then the steps need not end: where they do not, rounding of the whole is 0, too.
 */
static bool
Diagonalize(Tridiagonal *t, const InterestHost *host)
{
	double		rounding = RoundingOf(t);

	for (int first = 0; first < t->n; first++)
	{
		int			steps = 0;
		int			last;

		while ((last = BlockEnd(t, first)) > first)
		{
			InterestCheckCancel(host);
			if (++steps > MAX_STEPS)
			{
				if (t->rounding > 0.0)
					return false;
				t->rounding = rounding;
				steps = 0;
				continue;
			}
			Step(t, first, last);
		}
	}
	return true;
}

static int
CompareDescending(const void *context, int a, int b)
{
	const double *values = context;

	return (values[a] < values[b]) - (values[a] > values[b]);
}

bool
InterestEigenSymmetric(int n, double *matrix, double *values, InterestArena *scratch)
{
	InterestArenaMark mark = InterestArenaGetMark(scratch);
	size_t		size = (size_t) n * (size_t) n;
	Tridiagonal t = {.n = n, .rows = InterestArenaArray(scratch, double, size)};
	int		   *order = InterestArenaArray(scratch, int, n);
	bool		done = true;

	t.diagonal = InterestArenaArray(scratch, double, n);
	t.beside = InterestArenaArray(scratch, double, n);
	memcpy(t.rows, matrix, sizeof(double) * size);
	for (size_t i = 0; i < size; i++)
		done = done && isfinite(matrix[i]);
	if (done)
	{
		double	   *betas = InterestArenaArray(scratch, double, n);

		Reduce(&t, betas, scratch);
		MultiplyReflections(&t, betas, scratch);
		done = Diagonalize(&t, scratch->host);
	}
	for (int i = 0; i < n; i++)
		order[i] = i;
	if (done)
		InterestSort(order, n, CompareDescending, t.diagonal, scratch);
	for (int i = 0; done && i < n; i++)
	{
		values[i] = t.diagonal[order[i]];
		memcpy(matrix + (size_t) i * n, t.rows + (size_t) order[i] * n, sizeof(double) * (size_t) n);
	}
	InterestArenaReturnTo(scratch, mark);
	return done;
}

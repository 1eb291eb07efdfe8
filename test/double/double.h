/*
 * double.h
 *	  Included before all else: the same code in double.
 *
 * Every float is a double, so that gradients can be told from finite differences
 * to many digits.  The system's headers come first, with their own types.  Of
 * the kernels only the portable one is left; its e^x and erf go as far as a float
 * does, whose steps a finite difference would see, so those of this folder take
 * their place (core/kernel/transcendental.h).
 */
#ifndef DOUBLE_H
#define DOUBLE_H

#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#undef __x86_64__
#undef __aarch64__

#define float double
#define fabsf fabs
#define sqrtf sqrt

/* The C library's is slow where the compiler may not use the instruction. */
#define fmaf(x, y, z) ((x) * (y) + (z))

#endif

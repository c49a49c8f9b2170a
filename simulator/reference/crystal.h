/* The unit cell, its orientation and the crystal's shape. */
#ifndef CRYSTAL_H
#define CRYSTAL_H

#include "options.h"

/* Three cell edges or three reciprocal vectors. */
typedef struct {
    Vec3 a, b, c;
} Cell;

typedef struct {
    Cell real;          /* metre, at phi = 0, without mosaic spread */
    Cell reciprocal;    /* 1/angstrom, made again from the real ones */
    double cells[3];    /* unit cells along a, b and c */
    Shape shape;
    double fudge;
} Crystal;

/* Build the cell, orient it, count the cells; traces the result.
 * seed: state of the generator for a random misset. */
void crystal_build(Crystal *crystal, const Options *options);

/* The crystal's largest edge, metre. */
double crystal_largest_edge(const Crystal *crystal);

/* The lattice factor at the fractional indices. hkl_rounded: the nearest
 * reflection. along: the factors of the three axes (SQUARE only). */
double crystal_lattice_factor(const Crystal *crystal, const double hkl[3],
                              const long hkl_rounded[3], double along[3]);

const char *crystal_shape_name(Shape shape);

#endif

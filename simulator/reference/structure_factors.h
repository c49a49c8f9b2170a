/* Structure factors: a box of reflections around the origin. */
#ifndef STRUCTURE_FACTORS_H
#define STRUCTURE_FACTORS_H

#include <stdbool.h>

#include "options.h"

typedef enum { NO_FACTORS, FROM_HKL, FROM_DUMP } FactorOrigin;

typedef struct {
    FactorOrigin origin;
    long count;           /* lines of the file, or points of the dump */
    long min[3], max[3];  /* of h, k and l; inclusive */
    long stride[2];       /* of h and k; l runs fastest */
    double *value;        /* electron; one plane of padding an axis */
    double default_F;     /* of every reflection outside the box */
    bool interpolation_chosen;
    bool interpolate;     /* chosen, and there is something to do it on */
} StructureFactors;

/* Read what the command line and the working directory hold; traces the
 * files that were read and written. */
void structure_factors_read(StructureFactors *factors,
                            const Options *options);

/* Whether the four-point interpolation has its nodes inside the box. */
bool structure_factors_in_range(const StructureFactors *factors,
                                const double hkl[3]);

double structure_factors_nearest(const StructureFactors *factors,
                                 const long hkl[3]);
double structure_factors_between(const StructureFactors *factors,
                                 const double hkl[3]);

const char *structure_factors_origin(const StructureFactors *factors);

#endif

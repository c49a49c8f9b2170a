/* The sources that shine on the crystal, and how brightly. */
#ifndef BEAM_H
#define BEAM_H

#include "detector.h"

typedef struct {
    long sources;
    Vec3 *incident;       /* unit vectors, from the source to the sample */
    double *wavelength;   /* metre */
    double central_wavelength; /* as asked for, metre */
    double fluence;       /* photon/m^2 */
    long divergence_steps;   /* -1: the sources come from a file */
    Range dispersion;
} Beam;

/* Make or read the sources; traces them. */
void beam_build(Beam *beam, const Options *options, const Detector *detector);

/* A width, a step and a count, where any of them may be unset. */
Range range_resolve(Range range);

#endif

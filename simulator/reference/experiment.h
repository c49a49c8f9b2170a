/* Everything that the pixel loop reads and never changes. */
#ifndef EXPERIMENT_H
#define EXPERIMENT_H

#include <stddef.h>

#include "beam.h"
#include "orientations.h"
#include "structure_factors.h"

typedef struct {
    Detector detector;
    Crystal crystal;
    Beam beam;
    Orientations orientations;
    StructureFactors factors;
    unsigned char *masked;    /* [slow][fast], 1: left out; NULL: none */
    double polarization;      /* Kahn's factor */
    bool polarized;           /* not with -nopolar */
    bool oversample_thick, oversample_polar, oversample_omega;
    double d_min, water;      /* metre */
    double background;        /* of the water, before scaling */
    long steps;               /* samples of a pixel in one layer */
    bool whole_image;         /* not only the traced pixels are wanted */
    Quirks quirks;            /* which bugs are reproduced */
} Experiment;

/* Read the options and files and derive all of it; traces as it goes. */
void experiment_prepare(Experiment *experiment, const Options *options);

/* Print the configuration as TRACEKIT config lines. */
void experiment_describe(const Experiment *experiment,
                         const Options *options);

static inline bool experiment_in_roi(const Experiment *e, long slow,
                                     long fast)
{
    const long *roi = e->detector.roi;
    return fast >= roi[0] && fast <= roi[1] && slow >= roi[2] &&
           slow <= roi[3];
}

/* Whether the pixel lies in the ROI and isn't masked. */
static inline bool experiment_computes(const Experiment *e, long slow,
                                       long fast)
{
    long count = e->detector.count[0];
    return experiment_in_roi(e, slow, fast) &&
           (e->masked == NULL || !e->masked[slow * count + fast]);
}

#endif

/* The pixel loop. */
#ifndef DIFFRACT_H
#define DIFFRACT_H

#include "experiment.h"

/* image: [slow][fast], photons a pixel; zeroed by the caller. */
void diffract(const Experiment *experiment, double *image);

#endif

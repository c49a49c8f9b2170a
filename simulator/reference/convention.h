/* The axes and the beam centre that each convention starts from. */
#ifndef CONVENTION_H
#define CONVENTION_H

#include "detector.h"

/* Fill in the axes, the beam centre in the detector's own coordinates and
 * the pivot; all before any rotation. Needs the detector's extent. */
void convention_apply(Detector *detector, const Options *options);

const char *convention_name(Convention convention);

#endif

/* The cell in every orientation of the crystal: phi steps times mosaic
 * domains. */
#ifndef ORIENTATIONS_H
#define ORIENTATIONS_H

#include "crystal.h"
#include "detector.h"

/* nanoBragg doesn't go back to the unrotated cell when phi is exactly 0: it
 * keeps the cell of the phi step before, so that a sweep from 0 starts with
 * the end of the sweep before it. Only the first sweep of a run is clean. */
enum { FIRST_SWEEP, LATER_SWEEP, SWEEPS };

typedef struct {
    double start, width, step;    /* phi, radian */
    long phi_steps;
    double spread;                /* mosaic, radian */
    long domains;
    Cell *cell[SWEEPS];           /* [phi][mosaic], real space, metre */
} Orientations;

/* Resolve the steps and rotate the cell; traces phi. */
void orientations_build(Orientations *orientations, const Options *options,
                        const Crystal *crystal, Vec3 spindle);

#endif

/* Kahn's polarization factor. */
#ifndef POLARIZATION_H
#define POLARIZATION_H

#include "vector.h"

/* The three vectors are normalised in place first, as nanoBragg does; what
 * uses them later sees that in the last bits. kahn: 0 is unpolarized, 1
 * polarized along the axis. */
double polarization_factor(double kahn, Vec3 *incident, Vec3 *diffracted,
                           Vec3 *axis);

#endif

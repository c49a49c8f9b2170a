/* The random numbers that misset and mosaic domains are made from. */
#ifndef RANDOM_H
#define RANDOM_H

#include "vector.h"

/* A rotation drawn from a cap of this angular radius (radian).
 * seed: a negative state starts the generator anew; it is advanced. */
Mat3 random_rotation(double spread, long *seed);

#endif

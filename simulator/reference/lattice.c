/* The lattice factor: how strongly a finite crystal scatters off a node. */
#include "crystal.h"

static const char *const names[] = {
    [SQUARE] = "square", [ROUND] = "round", [GAUSS] = "gauss",
    [TOPHAT] = "tophat",
};

const char *crystal_shape_name(Shape shape)
{
    return names[shape];
}

/* The interference function of count slits. */
static double grating(double x, double count)
{
    return x == 0.0 ? count : sin(x * count) / sin(x);
}

/* The transform of a sphere of radius 1, normalised to 1 at the origin. */
static double sphere(double x)
{
    return x == 0.0 ? 1.0 : 3.0 * (sin(x) / x - cos(x)) / (x * x);
}

/* The whole index goes in, not its distance from the nearest node. */
static double square(const double n[3], const double hkl[3],
                     double along[3])
{
    double factor = 1.0;
    for (int i = 0; i < 3; i++) {
        along[i] = n[i] > 1.0 ? grating(PI * hkl[i], n[i]) : 1.0;
        factor *= along[i];
    }
    return factor;
}

double crystal_lattice_factor(const Crystal *crystal, const double hkl[3],
                              const long hkl_rounded[3], double along[3])
{
    const double *n = crystal->cells;
    if (crystal->shape == SQUARE)
        return square(n, hkl, along);
    double dh = hkl[0] - (double)hkl_rounded[0];
    double dk = hkl[1] - (double)hkl_rounded[1];
    double dl = hkl[2] - (double)hkl_rounded[2];
    double total = n[0] * n[1] * n[2];
    if (crystal->shape == ROUND) {
        double r = sqrt((dh * dh * n[0] * n[0] + dk * dk * n[1] * n[1] +
                         dl * dl * n[2] * n[2]) *
                        crystal->fudge);
        return total * 0.723601254558268 * sphere(PI * r);
    }
    /* With the unrotated reciprocal vectors, and with a length that isn't
     * free of units: both as in nanoBragg. */
    const Cell *star = &crystal->reciprocal;
    Vec3 w = {dh * star->a.x + dk * star->b.x + dl * star->c.x,
              dh * star->a.y + dk * star->b.y + dl * star->c.y,
              dh * star->a.z + dk * star->b.z + dl * star->c.z};
    double rs = dot(w, w) * n[0] * n[0] * n[1] * n[1] * n[2] * n[2];
    if (crystal->shape == GAUSS)
        return total * exp(-(rs / 0.63 * crystal->fudge));
    return rs * crystal->fudge < 0.3969 ? total : 0.0;
}

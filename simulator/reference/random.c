#include "random.h"

enum {
    MULTIPLIER = 16807, MODULUS = 2147483647, QUOTIENT = 127773,
    REMAINDER = 2836, ENTRIES = 32, WARM_UP = 8,
    ENTRY_WIDTH = 1 + (MODULUS - 1) / ENTRIES
};

/* The shuffle table of the generator. All users share it, as in nanoBragg,
 * where a random misset therefore starts the table that mosaic domains
 * start again. Used only while the crystal is set up, by one thread. */
static struct {
    long last;
    long entry[ENTRIES];
} shuffle;

/* One step of Lehmer's generator, without overflow in 32 bits. */
static void advance(long *seed)
{
    long k = *seed / QUOTIENT;
    *seed = MULTIPLIER * (*seed - k * QUOTIENT) - REMAINDER * k;
    if (*seed < 0)
        *seed += MODULUS;
}

static void start(long *seed)
{
    *seed = -*seed > 1 ? -*seed : 1;
    for (int j = ENTRIES + WARM_UP - 1; j >= 0; j--) {
        advance(seed);
        if (j < ENTRIES)
            shuffle.entry[j] = *seed;
    }
    shuffle.last = shuffle.entry[0];
}

/* A single-precision number in (0, 1). */
static float random_number(long *seed)
{
    const float largest = (float)(1.0 - 1.2e-7);
    if (*seed <= 0 || shuffle.last == 0)
        start(seed);
    advance(seed);
    long j = shuffle.last / ENTRY_WIDTH;
    shuffle.last = shuffle.entry[j];
    shuffle.entry[j] = *seed;
    float number = (float)(1.0 / MODULUS * (double)shuffle.last);
    return number > largest ? largest : number;
}

static Mat3 rotation_matrix(Vec3 v, double angle)
{
    double c = cos(angle), s = sin(angle), t1 = 1.0 - c;
    double t6 = t1 * v.x, t7 = t6 * v.y, t8 = t6 * v.z;
    double t9 = t1 * v.y, t10 = t9 * v.z;
    return (Mat3){{
        {c + t6 * v.x, t7 - s * v.z, t8 + s * v.y},
        {t7 + s * v.z, c + t9 * v.y, t10 - s * v.x},
        {t8 - s * v.y, t10 + s * v.x, c + t1 * v.z * v.z},
    }};
}

/* The angle is in single precision, powf and all: with double precision
 * the domains differ from nanoBragg's in the eighth digit. */
Mat3 random_rotation(double spread, long *seed)
{
    double r1 = 2.0 * (double)random_number(seed) - 1.0;
    double r2 = 2.0 * (double)random_number(seed) - 1.0;
    double r3 = 2.0 * (double)random_number(seed) - 1.0;
    double xy = sqrt(1.0 - r2 * r2);
    Vec3 axis = {xy * sin(PI * r1), xy * cos(PI * r1), r2};
    float angle = (float)spread *
                  powf((float)(1.0 - r3 * r3), (float)(1.0 / 3.0));
    return rotation_matrix(axis, (double)angle);
}

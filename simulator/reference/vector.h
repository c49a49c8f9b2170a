/* Three-vectors in the laboratory frame, and the two rotations.
 *
 * Everything is inline: these run several times for every sample. The order
 * of the operations is part of the definition, because results are compared
 * with nanoBragg's to the last digits.
 */
#ifndef VECTOR_H
#define VECTOR_H

#include <math.h>

#define PI 3.14159265358979323846
#define DEGREES_PER_RADIAN (180.0 / PI)

typedef struct {
    double x, y, z;
} Vec3;

/* The rows of a rotation matrix. */
typedef struct {
    Vec3 row[3];
} Mat3;

static inline double dot(Vec3 a, Vec3 b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline Vec3 cross(Vec3 a, Vec3 b)
{
    return (Vec3){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z,
                  a.x * b.y - a.y * b.x};
}

static inline Vec3 scaled(Vec3 v, double factor)
{
    return (Vec3){factor * v.x, factor * v.y, factor * v.z};
}

static inline Vec3 subtract(Vec3 a, Vec3 b)
{
    return (Vec3){a.x - b.x, a.y - b.y, a.z - b.z};
}

static inline double length(Vec3 v)
{
    return sqrt(v.x * v.x + v.y * v.y + v.z * v.z);
}

/* v/|v|; the zero vector stays zero. */
static inline Vec3 unit(Vec3 v)
{
    double size = length(v);
    if (size == 0.0)
        return v;
    return (Vec3){v.x / size, v.y / size, v.z / size};
}

static inline Vec3 rotate_by(const Mat3 *m, Vec3 v)
{
    return (Vec3){dot(m->row[0], v), dot(m->row[1], v), dot(m->row[2], v)};
}

/* Rodrigues' formula; the axis is used as it is, not normalised. */
static inline Vec3 rotate_about(Vec3 v, Vec3 axis, double angle)
{
    double c = cos(angle), s = sin(angle);
    double along = dot(axis, v), rest = 1.0 - c;
    Vec3 side = cross(axis, v);
    return (Vec3){axis.x * along * rest + v.x * c + side.x * s,
                  axis.y * along * rest + v.y * c + side.y * s,
                  axis.z * along * rest + v.z * c + side.z * s};
}

/* Right-handed rotations about x, then y, then z; a zero angle is skipped. */
static inline Vec3 rotate_xyz(Vec3 v, Vec3 angles)
{
    if (angles.x != 0.0) {
        double c = cos(angles.x), s = sin(angles.x);
        v = (Vec3){v.x, c * v.y - s * v.z, s * v.y + c * v.z};
    }
    if (angles.y != 0.0) {
        double c = cos(angles.y), s = sin(angles.y);
        v = (Vec3){c * v.x + s * v.z, v.y, c * v.z - s * v.x};
    }
    if (angles.z != 0.0) {
        double c = cos(angles.z), s = sin(angles.z);
        v = (Vec3){c * v.x - s * v.y, s * v.x + c * v.y, v.z};
    }
    return v;
}

#endif

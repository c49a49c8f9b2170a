#include "crystal.h"

#include <stdio.h>

#include "failure.h"
#include "random.h"
#include "trace.h"

static double clamped(double x)
{
    return x > 1.0 ? 1.0 : x < -1.0 ? -1.0 : x;
}

/* Reciprocal vectors in the standard orientation, A* along x and B* in the
 * xy plane, and the cell's volume. rescaled: the third component of C* is
 * nanoBragg's and not the textbook's, so that a triclinic cell keeps its
 * edges and only nearly its angles. */
static Cell standard_reciprocal(const double edge[3], const double angle[3],
                                bool rescaled, double *volume)
{
    double a = edge[0], b = edge[1], c = edge[2];
    double al = angle[0], be = angle[1], ga = angle[2];
    double half = (al + be + ga) / 2.0;
    double skew = fabs(sin(half) * sin(half - al) * sin(half - be) *
                       sin(half - ga));
    *volume = 2.0 * a * b * c * sqrt(skew);
    double inverse = 1.0 / *volume;
    double a_star = b * c * sin(al) * inverse;
    double b_star = c * a * sin(be) * inverse;
    double c_star = a * b * sin(ga) * inverse;
    double cos_al = (cos(be) * cos(ga) - cos(al)) / (sin(be) * sin(ga));
    double cos_be = (cos(ga) * cos(al) - cos(be)) / (sin(ga) * sin(al));
    double cos_ga = (cos(al) * cos(be) - cos(ga)) / (sin(al) * sin(be));
    double sin_ga = clamped(c * inverse / a_star / b_star);
    double height = c_star * *volume / (a * b * c * sin_ga);
    if (!rescaled)
        height = 1.0 / c;
    return (Cell){
        {a_star, 0.0, 0.0},
        {b_star * cos_ga, b_star * sin_ga, 0.0},
        {c_star * cos_be, c_star * (cos_al - cos_be * cos_ga) / sin_ga,
         height}};
}

/* Edges and angles (radian) with the missing ones filled in. */
static void complete_cell(const Options *options, double edge[3],
                          double angle[3])
{
    for (int i = 0; i < 3; i++) {
        edge[i] = options->cell[options->cell[i] > 0.0 ? i : 0];
        angle[i] = options->cell[i + 3] > 0.0
                       ? options->cell[i + 3] / DEGREES_PER_RADIAN
                       : PI / 2.0;
    }
}

/* A MOSFLM matrix: three rows, A* B* C* in columns, in units of 1/wavelength
 * if the file was written for this wavelength. */
static Cell read_matrix(const char *name, double wavelength)
{
    double m[9];
    FILE *file = fopen(name, "r");
    if (file == NULL)
        fail("-mat: can't read '%s'", name);
    for (int i = 0; i < 9; i++)
        if (fscanf(file, "%lf", &m[i]) != 1)
            fail("-mat: '%s' holds %d numbers, expected 9", name, i);
    fclose(file);
    trace_file("input", name);
    double factor = 1e-10 / wavelength;
    return (Cell){
        {m[0] * factor, m[3] * factor, m[6] * factor},
        {m[1] * factor, m[4] * factor, m[7] * factor},
        {m[2] * factor, m[5] * factor, m[8] * factor}};
}

/* Random misset: a rotation from a cap of 90, taken apart into angles about
 * x, y and z. in_radian: 90 radian, as in nanoBragg, not degrees. */
static Vec3 random_misset(bool in_radian, long *seed)
{
    Mat3 m = random_rotation(
        in_radian ? 90.0 : 90.0 / DEGREES_PER_RADIAN, seed);
    for (int i = 0; i < 3; i++)
        m.row[i] = unit(m.row[i]);
    Vec3 last = m.row[2];
    return (Vec3){atan2(last.y, last.z),
                  atan2(-last.x, sqrt(last.y * last.y + last.z * last.z)),
                  atan2(m.row[1].x, m.row[0].x)};
}

static Cell misset(Cell cell, const Options *options)
{
    long seed = options->misset_seed;
    Vec3 angles = {options->misset[0], options->misset[1],
                   options->misset[2]};
    if (options->misset_random)
        angles = random_misset(
            quirk_on(&options->quirks, RANDOM_MISSET_RADIAN), &seed);
    return (Cell){rotate_xyz(cell.a, angles), rotate_xyz(cell.b, angles),
                  rotate_xyz(cell.c, angles)};
}

static Vec3 resized(Vec3 v, double target)
{
    return scaled(v, target / length(v));
}

/* From oriented reciprocal vectors to real ones, and back. edge, volume: of
 * the cell that the user gave, whose edges are then met exactly; NULL if
 * the cell comes from a matrix alone. */
static void set_vectors(Crystal *crystal, Cell star, const double *edge,
                        double volume)
{
    Vec3 p = cross(star.b, star.c), q = cross(star.c, star.a);
    Vec3 r = cross(star.a, star.b);
    double inverse = dot(star.a, p);
    if (edge != NULL) {
        p = resized(p, edge[0] / volume);
        q = resized(q, edge[1] / volume);
        r = resized(r, edge[2] / volume);
        inverse = 1.0 / volume;
    }
    volume = 1.0 / inverse;
    Vec3 a = scaled(p, volume), b = scaled(q, volume), c = scaled(r, volume);
    crystal->reciprocal = (Cell){scaled(cross(b, c), inverse),
                                 scaled(cross(c, a), inverse),
                                 scaled(cross(a, b), inverse)};
    crystal->real =
        (Cell){scaled(a, 1e-10), scaled(b, 1e-10), scaled(c, 1e-10)};
}

/* Cells along each axis, from the sample's size where that is given. Only
 * y and z are clipped to the beam: x lies along it. */
static void count_cells(Crystal *crystal, const Options *options)
{
    const Vec3 edges[3] = {crystal->real.a, crystal->real.b,
                           crystal->real.c};
    for (int i = 0; i < 3; i++) {
        double size = options->sample[i];
        if (i > 0 && options->beam_size >= 0.0 && size > options->beam_size)
            size = options->beam_size;
        crystal->cells[i] = (double)options->cells[i];
        if (size > 0.0)
            crystal->cells[i] = ceil(size / length(edges[i]));
        if (crystal->cells[i] <= 1.0)
            crystal->cells[i] = 1.0;
        if (crystal->cells[i] > 1e15)
            fail("-xtalsize: more than 1e15 cells along an axis; sizes are "
                 "in mm");
    }
}

void crystal_build(Crystal *crystal, const Options *options)
{
    TraceAt at = trace_run();
    double edge[3], angle[3], volume = 0.0;
    Cell star = {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}};
    if (options->have_cell) {
        complete_cell(options, edge, angle);
        star = standard_reciprocal(
            edge, angle, quirk_on(&options->quirks, RESCALED_C_STAR),
            &volume);
    }
    if (options->matrix_file != NULL)
        star = read_matrix(options->matrix_file, options->wavelength);
    set_vectors(crystal, misset(star, options),
                options->have_cell ? edge : NULL, volume);
    count_cells(crystal, options);
    crystal->shape = (Shape)options->shape;
    crystal->fudge = options->fudge;
    if (!isfinite(crystal->real.a.x) || !isfinite(crystal->reciprocal.c.z))
        fail("the unit cell has no volume: check -cell or -mat");
    trace_vector(&at, AT_RUN, "a_star", "1/angstrom", crystal->reciprocal.a);
    trace_vector(&at, AT_RUN, "b_star", "1/angstrom", crystal->reciprocal.b);
    trace_vector(&at, AT_RUN, "c_star", "1/angstrom", crystal->reciprocal.c);
}

double crystal_largest_edge(const Crystal *crystal)
{
    double a = crystal->cells[0] * length(crystal->real.a);
    double b = crystal->cells[1] * length(crystal->real.b);
    double c = crystal->cells[2] * length(crystal->real.c);
    return fmax(a, fmax(b, c));
}

#include "structure_factors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "trace.h"

/* The dump of the last hkl file, in the working directory. It is read, too,
 * whenever no hkl file is given: a stale one changes a run silently, which
 * is why the trace names it. */
static const char dump_name[] = "Fdump.bin";

static size_t shape_box(StructureFactors *f)
{
    /* One more plane an axis than there are reflections. */
    size_t edge[3];
    for (int i = 0; i < 3; i++)
        edge[i] = (size_t)(f->max[i] - f->min[i] + 2);
    f->stride[0] = (long)(edge[1] * edge[2]);
    f->stride[1] = (long)edge[2];
    return edge[0] * edge[1] * edge[2];
}

static double *point(const StructureFactors *f, long h, long k, long l)
{
    return &f->value[(h - f->min[0]) * f->stride[0] +
                     (k - f->min[1]) * f->stride[1] + l - f->min[2]];
}

typedef struct {
    long hkl[3];
    double F;
} Reflection;

static bool is_index(double x)
{
    return fabs(x) <= 1e6 && x == floor(x);
}

/* One line "h k l F"; returns whether the line held a reflection. */
static bool parse(const char *text, Reflection *reflection,
                  const char *name, long number)
{
    double h, k, l;
    char rest;
    int found =
        sscanf(text, "%lf %lf %lf %lf %c", &h, &k, &l, &reflection->F, &rest);
    if (found == EOF)
        return false;
    if (found != 4 || !is_index(h) || !is_index(k) || !is_index(l) ||
        !isfinite(reflection->F) || strpbrk(text, "xX") != NULL)
        fail("-hkl: %s:%ld: expected 'h k l F', found '%.*s'", name, number,
             (int)fmin((double)strcspn(text, "\r\n"), 60.0), text);
    reflection->hkl[0] = (long)h;
    reflection->hkl[1] = (long)k;
    reflection->hkl[2] = (long)l;
    return true;
}

static Reflection *read_reflections(const char *name, long *count)
{
    char text[4096];
    Reflection *all = NULL, next;
    size_t room = 0;
    FILE *file = fopen(name, "r");
    if (file == NULL)
        fail("-hkl: can't read '%s'", name);
    *count = 0;
    for (long number = 1; fgets(text, sizeof text, file); number++) {
        if (!parse(text, &next, name, number))
            continue;
        if ((size_t)*count == room) {
            room = room ? 2 * room : 1024;
            all = reallocate(all, room, sizeof *all);
        }
        all[(*count)++] = next;
    }
    fclose(file);
    if (*count == 0)
        fail("-hkl: '%s' holds no reflection", name);
    return all;
}

static void write_dump(const StructureFactors *f, size_t points)
{
    FILE *file = fopen(dump_name, "wb");
    if (file == NULL)
        fail("can't write %s in the working directory", dump_name);
    fprintf(file, "%ld %ld %ld %ld %ld %ld\n\f", f->min[0], f->max[0],
            f->min[1], f->max[1], f->min[2], f->max[2]);
    if (fwrite(f->value, sizeof *f->value, points, file) != points ||
        fclose(file) != 0)
        fail("%s could not be written completely", dump_name);
    trace_file("output", dump_name);
}

/* default_F wherever the file may say otherwise; the padding stays 0. */
static void fill_box(StructureFactors *f)
{
    for (long h = f->min[0]; h <= f->max[0]; h++)
        for (long k = f->min[1]; k <= f->max[1]; k++)
            for (long l = f->min[2]; l <= f->max[2]; l++)
                *point(f, h, k, l) = f->default_F;
}

static void read_hkl(StructureFactors *f, const char *name)
{
    Reflection *all = read_reflections(name, &f->count);
    trace_file("input", name);
    for (int i = 0; i < 3; i++)
        f->min[i] = f->max[i] = all[0].hkl[i];
    for (long n = 1; n < f->count; n++)
        for (int i = 0; i < 3; i++) {
            long index = all[n].hkl[i];
            f->min[i] = index < f->min[i] ? index : f->min[i];
            f->max[i] = index > f->max[i] ? index : f->max[i];
        }
    size_t points = shape_box(f);
    f->value = allocate(points, sizeof *f->value);
    fill_box(f);
    for (long n = 0; n < f->count; n++)
        *point(f, all[n].hkl[0], all[n].hkl[1], all[n].hkl[2]) = all[n].F;
    free(all);
    f->origin = FROM_HKL;
    write_dump(f, points);
}

static void read_dump(StructureFactors *f, FILE *file)
{
    if (fscanf(file, "%ld %ld %ld %ld %ld %ld", &f->min[0], &f->max[0],
               &f->min[1], &f->max[1], &f->min[2], &f->max[2]) != 6 ||
        fgetc(file) != '\n' || fgetc(file) != '\f')
        fail("%s doesn't start with the ranges of h, k and l: remove it, "
             "or give -hkl FILE", dump_name);
    f->count = 1;
    for (int i = 0; i < 3; i++) {
        if (f->max[i] < f->min[i])
            fail("%s has an empty range of %c", dump_name, "hkl"[i]);
        f->count *= f->max[i] - f->min[i] + 1;
    }
    size_t points = shape_box(f);
    f->value = allocate(points, sizeof *f->value);
    if (fread(f->value, sizeof *f->value, points, file) != points)
        fail("%s is cut short: remove it, or give -hkl FILE", dump_name);
    f->origin = FROM_DUMP;
    trace_file("side", dump_name);
}

/* By itself, interpolation is for crystals of one or two cells as they were
 * given: those that come from a sample size count as one here. */
static bool chooses_interpolation(const Options *options)
{
    const long *n = options->cells;
    if (options->interpolate != 2)
        return options->interpolate == 1;
    return n[0] <= 2 || n[1] <= 2 || n[2] <= 2;
}

void structure_factors_read(StructureFactors *f, const Options *options)
{
    FILE *dump = NULL;
    *f = (StructureFactors){.origin = NO_FACTORS,
                            .default_F = options->default_F};
    if (options->hkl_file != NULL)
        read_hkl(f, options->hkl_file);
    else if (quirk_on(&options->quirks, FDUMP_REUSE) &&
             (dump = fopen(dump_name, "rb")) != NULL)
        read_dump(f, dump);
    else if (options->default_F == 0.0)
        fail("no structure factors: give -hkl FILE or -default_F VALUE");
    if (dump != NULL)
        fclose(dump);
    f->interpolation_chosen = chooses_interpolation(options);
    f->interpolate = f->interpolation_chosen && f->origin != NO_FACTORS;
}

bool structure_factors_in_range(const StructureFactors *f,
                                const double hkl[3])
{
    for (int i = 0; i < 3; i++)
        if (!(hkl[i] >= (double)(f->min[i] + 2) &&
              hkl[i] <= (double)(f->max[i] - 2)))
            return false;
    return true;
}

double structure_factors_nearest(const StructureFactors *f,
                                 const long hkl[3])
{
    if (f->origin == NO_FACTORS)
        return f->default_F;
    for (int i = 0; i < 3; i++)
        if (hkl[i] < f->min[i] || hkl[i] > f->max[i])
            return f->default_F;
    return *point(f, hkl[0], hkl[1], hkl[2]);
}

/* Lagrange's polynomial through four neighbouring points, x0 the first. */
static double lagrange(double x, double x0, const double y[4])
{
    const double d0 = x - x0, d1 = x - (x0 + 1), d2 = x - (x0 + 2);
    const double d3 = x - (x0 + 3);
    double sum = d1 * d2 * d3 * y[0] / -6.0;
    sum += d0 * d2 * d3 * y[1] / 2.0;
    sum += d0 * d1 * d3 * y[2] / -2.0;
    sum += d0 * d1 * d2 * y[3] / 6.0;
    return sum;
}

double structure_factors_between(const StructureFactors *f,
                                 const double hkl[3])
{
    long first[3];
    double along_h[4], along_k[4];
    for (int i = 0; i < 3; i++)
        first[i] = (long)floor(hkl[i]) - 1;
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++)
            along_k[j] = lagrange(
                hkl[2], (double)first[2],
                point(f, first[0] + i, first[1] + j, first[2]));
        along_h[i] = lagrange(hkl[1], (double)first[1], along_k);
    }
    return lagrange(hkl[0], (double)first[0], along_h);
}

const char *structure_factors_origin(const StructureFactors *f)
{
    static const char *const names[] = {
        [NO_FACTORS] = "none", [FROM_HKL] = "hkl file",
        [FROM_DUMP] = "Fdump.bin",
    };
    return names[f->origin];
}

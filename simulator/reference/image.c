#include "image.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum { SMV_HEADER = 512 };

static FILE *create(const char *name)
{
    FILE *file = fopen(name, "wb");
    if (file == NULL)
        fail("can't write '%s'", name);
    return file;
}

static void finish(FILE *file, const char *name)
{
    int broken = ferror(file);
    if (fclose(file) != 0 || broken)
        fail("'%s' could not be written completely", name);
}

/* NumPy's format 1.0: the header is padded to a multiple of 64 bytes. */
static void write_npy(const char *name, const long count[2],
                      const double *image)
{
    enum { PREFIX = 10, HEADER = 118 };
    char header[HEADER + 1];
    FILE *file = create(name);
    int used = snprintf(header, sizeof header,
                        "{'descr': '<f8', 'fortran_order': False, "
                        "'shape': (%ld, %ld), }",
                        count[1], count[0]);
    memset(header + used, ' ', (size_t)(HEADER - used));
    header[HEADER - 1] = '\n';
    fwrite("\x93NUMPY\x01\x00", 1, 8, file);
    fputc(HEADER & 0xff, file);
    fputc(HEADER >> 8, file);
    fwrite(header, 1, HEADER, file);
    fwrite(image, sizeof *image, (size_t)(count[0] * count[1]), file);
    finish(file, name);
}

/* nanoBragg sums into single precision; its other files come from there. */
static float *single_precision(const double *image, size_t pixels)
{
    float *rounded = allocate(pixels, sizeof *rounded);
    for (size_t i = 0; i < pixels; i++)
        rounded[i] = (float)image[i];
    return rounded;
}

static void write_float(const char *name, const float *image, size_t pixels)
{
    FILE *file = create(name);
    fwrite(image, sizeof *image, pixels, file);
    finish(file, name);
}

typedef struct {
    double largest, mean, deviation;
} Statistics;

/* As nanoBragg's: maximum and mean over the pixels that were computed, the
 * deviation, with n-1, over all pixels of the ROI. */
static Statistics statistics(const Experiment *e, const float *image)
{
    Statistics result = {0.0, 0.0, 0.0};
    const long *count = e->detector.count;
    double squares = 0.0;
    long computed = 0, inside = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (long i = 0; i < count[0] * count[1]; i++) {
            double value = (double)image[i];
            long slow = i / count[0], fast = i % count[0];
            if (pass == 0 && experiment_computes(e, slow, fast)) {
                computed++;
                result.mean += value;
                result.largest = fmax(result.largest, value);
            } else if (pass == 1 && experiment_in_roi(e, slow, fast)) {
                double off = value - result.mean;
                inside++;
                squares += off * off;
            }
        }
        if (pass == 0 && computed > 0)
            result.mean /= (double)computed;
    }
    if (inside > 1)
        result.deviation = sqrt(squares / (double)(inside - 1));
    return result;
}

static double clipped(double value, double largest)
{
    return value < 0.0 ? 0.0 : value > largest ? largest : value;
}

/* The beam centre in every program's terms, from where it ended up. */
static int print_centres(char *text, size_t room, const Detector *d)
{
    double pixel = d->pixel_size;
    Vec3 beam = {d->distance * d->beam.x - d->origin.x,
                 d->distance * d->beam.y - d->origin.y,
                 d->distance * d->beam.z - d->origin.z};
    double fast = dot(d->fast, beam), slow = dot(d->slow, beam);
    return snprintf(
        text, room,
        "BEAM_CENTER_X=%g;\nBEAM_CENTER_Y=%g;\nADXV_CENTER_X=%g;\n"
        "ADXV_CENTER_Y=%g;\nMOSFLM_CENTER_X=%g;\nMOSFLM_CENTER_Y=%g;\n"
        "DENZO_X_BEAM=%g;\nDENZO_Y_BEAM=%g;\nDIALS_ORIGIN=%g,%g,%g\n"
        "XDS_ORGX=%g;\nXDS_ORGY=%g;\nCLOSE_DISTANCE=%g;\n",
        d->beam_x * 1000.0, d->beam_y * 1000.0, fast * 1000.0,
        (d->extent[1] - slow) * 1000.0, (slow - 0.5 * pixel) * 1000.0,
        (fast - 0.5 * pixel) * 1000.0, slow * 1000.0, fast * 1000.0,
        1000.0 * d->origin.z, 1000.0 * d->origin.y, -1000.0 * d->origin.x,
        d->fast_close / pixel + 0.5, d->slow_close / pixel + 0.5,
        d->close_distance * 1000.0);
}

/* Returns the length of the text. */
static int print_header(char *text, size_t room, const Experiment *e,
                        int size)
{
    const Detector *d = &e->detector;
    const Orientations *o = &e->orientations;
    int used = snprintf(
        text, room,
        "{\nHEADER_BYTES=%d;\nDIM=2;\nBYTE_ORDER=little_endian;\n"
        "TYPE=unsigned_short;\nSIZE1=%ld;\nSIZE2=%ld;\nPIXEL_SIZE=%g;\n"
        "DISTANCE=%g;\nWAVELENGTH=%g;\n",
        size, d->count[0], d->count[1], d->pixel_size * 1000.0,
        d->distance * 1000.0, e->beam.central_wavelength * 1e10);
    used += print_centres(text + used, room - (size_t)used, d);
    return used + snprintf(
        text + used, room - (size_t)used,
        "PHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\nTWOTHETA=%g;\n"
        "DETECTOR_SN=000;\nBEAMLINE=fake;\n}\f",
        o->start * DEGREES_PER_RADIAN, o->start * DEGREES_PER_RADIAN,
        o->width * DEGREES_PER_RADIAN, d->twotheta * DEGREES_PER_RADIAN);
}

/* Twice as long where the numbers need it. */
static void write_smv_header(FILE *file, const Experiment *e)
{
    char header[2 * SMV_HEADER + 1];
    int size = SMV_HEADER;
    int used = print_header(header, sizeof header, e, size);
    if (used > size)
        used = print_header(header, sizeof header, e, size = 2 * SMV_HEADER);
    memset(header + used, ' ', (size_t)(size - used));
    fwrite(header, 1, (size_t)size, file);
}

/* Outside the ROI a count is 0, not the offset. nanoBragg rounds in single
 * precision, which lifts some counts above 2^15 by one. */
static void write_smv(const char *name, const Experiment *e,
                      const float *image, double scale, double adc)
{
    const long *count = e->detector.count;
    FILE *file = create(name);
    write_smv_header(file, e);
    for (long i = 0; i < count[0] * count[1]; i++) {
        uint16_t number = 0;
        if (experiment_in_roi(e, i / count[0], i % count[0])) {
            double value = clipped((double)image[i] * scale + adc, 65535.0);
            number = (uint16_t)floorf((float)(value + 0.5));
        }
        fputc(number & 0xff, file);
        fputc(number >> 8, file);
    }
    finish(file, name);
}

static void write_pgm(const char *name, const long count[2],
                      const float *image, double scale)
{
    FILE *file = create(name);
    fprintf(file, "P5\n%ld %ld\n# pixels scaled by %g\n255\n", count[0],
            count[1], scale);
    for (long i = 0; i < count[0] * count[1]; i++)
        fputc((int)clipped((double)image[i] * scale, 255.0), file);
    finish(file, name);
}

/* Where a scale isn't given it follows from the image. */
static double integer_scale(const Options *options, Statistics found)
{
    if (options->scale > 0.0)
        return options->scale;
    return found.largest > 0.0 ? 55000.0 / found.largest : 1.0;
}

static double pgm_scale(const Options *options, Statistics found)
{
    if (options->pgm_scale > 0.0)
        return options->pgm_scale;
    if (found.deviation > 0.0)
        return 250.0 / (5.0 * found.deviation);
    return integer_scale(options, found);
}

static void write_rounded(const Experiment *e, const Options *options,
                          const float *image)
{
    const long *count = e->detector.count;
    if (options->float_file != NULL)
        write_float(options->float_file, image,
                    (size_t)(count[0] * count[1]));
    if (options->integer_file == NULL && options->pgm_file == NULL)
        return;
    Statistics found = statistics(e, image);
    if (options->integer_file != NULL)
        write_smv(options->integer_file, e, image,
                  integer_scale(options, found), options->adc);
    if (options->pgm_file != NULL)
        write_pgm(options->pgm_file, count, image,
                  pgm_scale(options, found));
}

void image_write(const Experiment *e, const Options *options,
                 const double *image)
{
    const long *count = e->detector.count;
    if (options->image_file != NULL)
        write_npy(options->image_file, count, image);
    if (options->float_file == NULL && options->integer_file == NULL &&
        options->pgm_file == NULL)
        return;
    float *rounded =
        single_precision(image, (size_t)(count[0] * count[1]));
    write_rounded(e, options, rounded);
    free(rounded);
}

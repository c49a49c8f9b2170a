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
    double largest, deviation;
} Statistics;

/* Over the pixels of the ROI; the deviation is the sample's, with n-1. */
static Statistics statistics(const Experiment *e, const float *image)
{
    Statistics result = {0.0, 0.0};
    const long *count = e->detector.count;
    double sum = 0.0, squares = 0.0;
    long n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (long slow = 0; slow < count[1]; slow++)
            for (long fast = 0; fast < count[0]; fast++) {
                double value = (double)image[slow * count[0] + fast];
                if (!experiment_computes(e, slow, fast))
                    continue;
                if (pass == 0) {
                    n++;
                    sum += value;
                    result.largest = fmax(result.largest, value);
                } else {
                    double off = value - sum / (double)n;
                    squares += off * off;
                }
            }
    if (n > 1)
        result.deviation = sqrt(squares / (double)(n - 1));
    return result;
}

static double clipped(double value, double largest)
{
    return value < 0.0 ? 0.0 : value > largest ? largest : value;
}

static void write_smv_header(FILE *file, const Experiment *e)
{
    const Detector *d = &e->detector;
    char header[SMV_HEADER + 1] = "";
    int used = snprintf(
        header, sizeof header,
        "{\nHEADER_BYTES=512;\nDIM=2;\nBYTE_ORDER=little_endian;\n"
        "TYPE=unsigned_short;\nSIZE1=%ld;\nSIZE2=%ld;\nPIXEL_SIZE=%g;\n"
        "DISTANCE=%g;\nWAVELENGTH=%g;\nBEAM_CENTER_X=%g;\n"
        "BEAM_CENTER_Y=%g;\nPHI=%g;\nOSC_START=%g;\nOSC_RANGE=%g;\n"
        "TWOTHETA=%g;\nDETECTOR_SN=000;\nBEAMLINE=fake;\n}\f",
        d->count[0], d->count[1], d->pixel_size * 1000.0,
        d->distance * 1000.0, e->beam.wavelength[0] * 1e10,
        d->beam_x * 1000.0, d->beam_y * 1000.0,
        e->orientations.start * DEGREES_PER_RADIAN,
        e->orientations.start * DEGREES_PER_RADIAN,
        e->orientations.width * DEGREES_PER_RADIAN,
        d->twotheta * DEGREES_PER_RADIAN);
    memset(header + used, ' ', (size_t)(SMV_HEADER - used));
    fwrite(header, 1, SMV_HEADER, file);
}

static void write_smv(const char *name, const Experiment *e,
                      const float *image, double scale, double adc)
{
    const long *count = e->detector.count;
    FILE *file = create(name);
    write_smv_header(file, e);
    for (long i = 0; i < count[0] * count[1]; i++) {
        double value = floor((double)image[i] * scale + adc + 0.5);
        uint16_t number = (uint16_t)clipped(value, 65535.0);
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
    return found.deviation > 0.0 ? 250.0 / (5.0 * found.deviation) : 1.0;
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

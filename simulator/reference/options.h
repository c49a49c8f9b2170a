/* The command line: nanoBragg's own option names, and ours.
 *
 * Options hold what was asked for, in internal units (metres, radians); the
 * rules that turn this into an experiment stand with the physics. A value
 * that wasn't given keeps nanoBragg's "unset" mark, -1, or NaN where any
 * number is a possible value.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "quirks.h"
#include "vector.h"

typedef enum { MOSFLM, DENZO, ADXV, XDS, DIALS, CUSTOM } Convention;
typedef enum { BEAM_PIVOT, SAMPLE_PIVOT } Pivot;
typedef enum { SQUARE, ROUND, GAUSS, TOPHAT } Shape;

enum { AXIS_FAST, AXIS_SLOW, AXIS_NORMAL, AXIS_BEAM, AXIS_POLARIZATION,
       AXIS_SPINDLE, AXIS_TWOTHETA, AXIS_PIX0, AXES };

/* A sampled range: its width, the step and the number of steps. */
typedef struct {
    double width, step;
    long count;
} Range;

typedef struct {
    /* crystal */
    double cell[6];             /* angstrom, degree; <= 0 is missing */
    int have_cell, misset_random;
    const char *matrix_file;
    double misset[3];           /* radian */
    long cells[3];
    double sample[3];           /* metre; > 0 replaces the unit cells */
    long shape;
    double fudge;
    long misset_seed, mosaic_seed, seed; /* the last is of noise */
    double mosaic_spread;       /* radian */
    long mosaic_domains;
    double phi;                 /* radian */
    Range phi_range;
    /* structure factors */
    const char *hkl_file;
    double default_F;
    long interpolate;           /* 0, 1, or 2: decide by the crystal size */
    /* beam */
    double wavelength, polarization;
    long no_polarization;
    double fluence, flux, exposure, beam_size;
    Range divergence[2], dispersion; /* horizontal, vertical; fraction */
    long round_divergence;
    const char *source_file;
    /* detector */
    long convention, pivot;
    Vec3 axis[AXES];
    int have_axis[AXES];
    double distance, close_distance;      /* the latter NaN: not given */
    double extent[2], pixel_size;         /* fast, slow */
    long pixels[2];
    double beam_centre[2], close[2], origin[2]; /* X, Y; origin: pixels */
    double rotation[3], twotheta;
    long curved, point_pixel;
    bool curved_is_last;        /* nanoBragg ignores it there */
    double thickness, attenuation;        /* metre, 1/metre */
    long layers;
    long oversample, oversample_thick, oversample_polar, oversample_omega;
    double d_min, water;
    long roi[4];                /* fast min, max, slow min, max; -1: all */
    const char *mask_file;
    /* output */
    const char *image_file, *float_file, *integer_file, *pgm_file;
    double scale, adc, pgm_scale;
    long pgm;                   /* 0: no PGM after all */
    long (*trace_pixels)[2];
    int trace_count;
    const char *taps;
    Quirks quirks;
} Options;

/* Read the command line; stops the program on anything that is wrong. */
void options_read(Options *options, int argc, char **argv);

#endif

/* Where the detector is: conventions, pivots, rotations, pixel positions. */
#ifndef DETECTOR_H
#define DETECTOR_H

#include "options.h"

typedef struct {
    long count[2];             /* pixels, fast and slow */
    double extent[2], pixel_size;
    long roi[4];               /* fast min, max, slow min, max; inclusive */
    Convention convention;
    Pivot pivot;
    Vec3 fast, slow, normal;   /* unit vectors */
    Vec3 beam, polarization, spindle, vertical, twotheta_axis;
    Vec3 rotation;             /* radian, about x, y and z */
    double twotheta;           /* radian */
    double beam_x, beam_y, close_x, close_y; /* metre */
    double fast_beam, slow_beam, fast_close, slow_close;
    double distance, close_distance;
    Vec3 origin;               /* outer corner of pixel (0, 0), metre */
    int curved, point_pixel;
    long layers, oversample;
    double thickness, layer_step, attenuation;
} Detector;

/* Everything but oversample, which needs the crystal; traces the result. */
void detector_place(Detector *detector, const Options *options);

/* Choose how many sub-pixels a pixel has along each edge.
 * largest_edge: of the crystal, metre. */
void detector_oversample(Detector *detector, const Options *options,
                         double largest_edge);

/* The middle of a sub-pixel, metre. */
Vec3 detector_position(const Detector *detector, long slow, long fast,
                       long layer, long sub_slow, long sub_fast);

/* The solid angle of a pixel at this distance from the sample, steradian. */
double detector_solid_angle(const Detector *detector, double distance);

#endif

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

/* The place of a flat detector's point on a sphere around the sample. The
 * laboratory's y and z serve as slow and fast, so this is meant for MOSFLM
 * axes. */
Vec3 detector_curved_position(const Detector *detector, Vec3 flat);

/* The middle of a sub-pixel, metre. Inline, as is the solid angle: both are
 * wanted for every sample. */
static inline Vec3 detector_position(const Detector *d, long slow, long fast,
                                     long layer, long sub_slow,
                                     long sub_fast)
{
    double edge = d->pixel_size / (double)d->oversample;
    double F = edge * (double)(fast * d->oversample + sub_fast) + edge / 2.0;
    double S = edge * (double)(slow * d->oversample + sub_slow) + edge / 2.0;
    double O = (double)layer * d->layer_step;
    Vec3 position = {
        F * d->fast.x + S * d->slow.x + O * d->normal.x + d->origin.x,
        F * d->fast.y + S * d->slow.y + O * d->normal.y + d->origin.y,
        F * d->fast.z + S * d->slow.z + O * d->normal.z + d->origin.z};
    return d->curved ? detector_curved_position(d, position) : position;
}

/* The solid angle of a pixel at this distance from the sample, steradian. */
static inline double detector_solid_angle(const Detector *d, double distance)
{
    if (d->point_pixel)
        return 1.0 / distance / distance;
    return d->pixel_size * d->pixel_size / distance / distance *
           d->close_distance / distance;
}

#endif

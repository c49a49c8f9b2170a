#include "detector.h"

#include <float.h>

#include "convention.h"
#include "failure.h"
#include "trace.h"

/* A pixel count given by the user rules over the extent. */
static void set_size(Detector *d, const Options *options)
{
    d->pixel_size = options->pixel_size;
    for (int i = 0; i < 2; i++) {
        d->extent[i] = options->extent[i];
        if (options->pixels[i] != 0)
            d->extent[i] = d->pixel_size * (double)options->pixels[i];
        d->count[i] = (long)ceil(d->extent[i] / d->pixel_size - 0.5);
        if (d->count[i] < 1)
            fail("the detector has no pixels along its %s axis",
                 i == 0 ? "fast" : "slow");
        d->roi[2 * i] = options->roi[2 * i] < 0 ? 0 : options->roi[2 * i];
        d->roi[2 * i + 1] = options->roi[2 * i + 1] < 0
                                ? d->count[i]
                                : options->roi[2 * i + 1];
        if (d->roi[2 * i] > d->roi[2 * i + 1])
            fail("-roi: holds no pixel; give FAST_MIN FAST_MAX SLOW_MIN "
                 "SLOW_MAX");
    }
}

static Vec3 rotated(const Detector *d, Vec3 v)
{
    return rotate_about(rotate_xyz(v, d->rotation), d->twotheta_axis,
                        d->twotheta);
}

/* The corner when the detector turns about the sample: placed first, with
 * the unrotated axes, and then rotated as a whole. */
static Vec3 corner_about_sample(const Detector *d, const TraceAt *at)
{
    double F = d->fast_close, S = d->slow_close, D = d->close_distance;
    trace(at, AT_RUN, "Fclose", "m", F);
    trace(at, AT_RUN, "Sclose", "m", S);
    Vec3 corner = {-F * d->fast.x - S * d->slow.x + D * d->normal.x,
                   -F * d->fast.y - S * d->slow.y + D * d->normal.y,
                   -F * d->fast.z - S * d->slow.z + D * d->normal.z};
    return rotated(d, corner);
}

/* The corner when the direct beam keeps its place on the detector: placed
 * with the rotated axes, from the unrotated beam. */
static Vec3 corner_about_beam(const Detector *d, const TraceAt *at)
{
    double F = d->fast_beam, S = d->slow_beam, D = d->distance;
    trace(at, AT_RUN, "Fbeam", "m", F);
    trace(at, AT_RUN, "Sbeam", "m", S);
    trace(at, AT_RUN, "distance", "m", D);
    return (Vec3){-F * d->fast.x - S * d->slow.x + D * d->beam.x,
                  -F * d->fast.y - S * d->slow.y + D * d->beam.y,
                  -F * d->fast.z - S * d->slow.z + D * d->beam.z};
}

static void rotate_axes(Detector *d)
{
    d->fast = rotated(d, d->fast);
    d->slow = rotated(d, d->slow);
    d->normal = rotated(d, d->normal);
}

/* Detector placement. The ratio of the two distances leaves twotheta out,
 * and the final distance keeps it that way, as in nanoBragg. */
static void place(Detector *d, const Options *options, const TraceAt *at)
{
    double ratio = dot(d->beam, rotate_xyz(d->normal, d->rotation));
    if (ratio == 0.0)
        ratio = DBL_MIN;
    d->close_distance = isnan(options->close_distance)
                            ? fabs(ratio * options->distance)
                            : options->close_distance;
    d->distance = d->close_distance / ratio;
    if (d->pivot == SAMPLE_PIVOT)
        d->origin = corner_about_sample(d, at);
    rotate_axes(d);
    trace_vector(at, AT_RUN, "fdet_vec", "1", d->fast);
    trace_vector(at, AT_RUN, "sdet_vec", "1", d->slow);
    trace_vector(at, AT_RUN, "odet_vec", "1", d->normal);
    if (d->pivot == BEAM_PIVOT)
        d->origin = corner_about_beam(d, at);
    d->fast_close = -dot(d->origin, d->fast);
    d->slow_close = -dot(d->origin, d->slow);
    d->close_distance = dot(d->origin, d->normal);
    d->distance = d->close_distance / ratio;
    trace_vector(at, AT_RUN, "pix0_vector", "m", d->origin);
    trace(at, AT_RUN, "close_distance", "m", d->close_distance);
}

/* The sensor's layers. With a count of n the last layer reaches below the
 * sensor: n layers of thickness/(n-1), unless the quirk is off. */
static void set_layers(Detector *d, const Options *options)
{
    d->thickness = options->thickness;
    d->attenuation = options->attenuation;
    d->layers = options->layers;
    if (d->thickness <= 0.0) {
        d->layers = 1;
        d->layer_step = 0.0;
        return;
    }
    if (d->attenuation < 0.0)
        d->attenuation = 1.0 / d->thickness;
    if (d->layers <= 0) {
        d->layers = 2;
        d->layer_step = d->thickness / 2.0;
        return;
    }
    if (d->layers < 2)
        d->layers = 2;
    bool repeated = quirk_on(&options->quirks, REPEATED_LAYER_STEP);
    d->layer_step =
        d->thickness / (double)(repeated ? d->layers - 1 : d->layers);
}

void detector_place(Detector *d, const Options *options)
{
    TraceAt at = trace_run();
    set_size(d, options);
    convention_apply(d, options);
    d->curved = options->curved != 0;
    d->point_pixel = options->point_pixel != 0;
    d->rotation = (Vec3){options->rotation[0], options->rotation[1],
                         options->rotation[2]};
    d->twotheta = options->twotheta;
    trace(&at, AT_RUN, "rotx", "rad", d->rotation.x);
    trace(&at, AT_RUN, "roty", "rad", d->rotation.y);
    trace(&at, AT_RUN, "rotz", "rad", d->rotation.z);
    trace(&at, AT_RUN, "twotheta", "rad", d->twotheta);
    trace_vector(&at, AT_RUN, "twotheta_axis", "1", d->twotheta_axis);
    place(d, options, &at);
    set_layers(d, options);
}

void detector_oversample(Detector *d, const Options *options,
                         double largest_edge)
{
    d->oversample = options->oversample;
    if (d->oversample > 0)
        return;
    double pixel_in_reciprocal_space =
        options->wavelength * d->distance / d->pixel_size;
    double needed = ceil(3.0 * largest_edge / pixel_in_reciprocal_space);
    d->oversample = needed > 1.0 ? (long)needed : 1;
}

Vec3 detector_curved_position(const Detector *d, Vec3 flat)
{
    Vec3 middle = scaled(d->beam, d->distance);
    Vec3 turned = rotate_about(middle, d->slow, flat.y / d->distance);
    return rotate_about(turned, d->fast, flat.z / d->distance);
}

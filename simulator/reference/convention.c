#include "convention.h"

#include "failure.h"

#define X {1, 0, 0}
#define Y {0, 1, 0}
#define Z {0, 0, 1}
#define MINUS_X {-1, 0, 0}
#define MINUS_Y {0, -1, 0}
#define MINUS_Z {0, 0, -1}

/* In the order of the AXIS_... names of options.h. The CUSTOM row holds
 * what stands in for vectors that the user doesn't give. */
static const struct {
    const char *name;
    Vec3 axis[AXIS_PIX0];
} conventions[] = {
    /*          fast  slow     normal beam polarization spindle twotheta */
    [MOSFLM] = {"MOSFLM", {Z, MINUS_Y, X, X, Z, Z, MINUS_Z}},
    [DENZO] = {"DENZO", {Z, MINUS_Y, X, X, Z, Z, MINUS_Z}},
    [ADXV] = {"ADXV", {X, MINUS_Y, Z, Z, X, X, MINUS_X}},
    [XDS] = {"XDS", {X, Y, Z, Z, X, X, X}},
    [DIALS] = {"DIALS", {X, Y, Z, Z, Y, Y, Y}},
    [CUSTOM] = {"CUSTOM", {Z, MINUS_Y, X, X, Z, Z, Y}},
};

const char *convention_name(Convention convention)
{
    return conventions[convention].name;
}

static Vec3 axis_of(const Options *options, int axis)
{
    if (options->convention == CUSTOM && options->have_axis[axis])
        return options->axis[axis];
    return conventions[options->convention].axis[axis];
}

static void set_axes(Detector *d, const Options *options)
{
    d->beam = unit(axis_of(options, AXIS_BEAM));
    d->fast = unit(axis_of(options, AXIS_FAST));
    d->slow = unit(axis_of(options, AXIS_SLOW));
    d->normal = axis_of(options, AXIS_NORMAL);
    if (length(d->normal) != 1.0) {
        warn("the detector's normal is not of length 1: taking fast x slow");
        d->normal = unit(cross(d->fast, d->slow));
    }
    d->polarization = unit(axis_of(options, AXIS_POLARIZATION));
    d->spindle = unit(axis_of(options, AXIS_SPINDLE));
    d->twotheta_axis = axis_of(options, AXIS_TWOTHETA);
    d->vertical = unit(cross(d->beam, d->polarization));
}

static double given_or(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

/* Xbeam and Ybeam where the user doesn't say: MOSFLM, DENZO and ADXV count
 * from the middle of the detector and swap or flip its axes. */
static void set_default_beam(Detector *d)
{
    double fast = d->extent[0], slow = d->extent[1], pixel = d->pixel_size;
    if (d->convention == MOSFLM || d->convention == DENZO) {
        d->beam_x = (slow + pixel) / 2.0;
        d->beam_y = (fast + pixel) / 2.0;
    } else if (d->convention == ADXV) {
        d->beam_x = (fast + pixel) / 2.0;
        d->beam_y = (slow - pixel) / 2.0;
    } else {
        d->beam_x = d->close_x;
        d->beam_y = d->close_y;
    }
}

/* From Xbeam and Ybeam to the detector's own fast and slow coordinates. */
static void map_beam(Detector *d)
{
    switch (d->convention) {
    case MOSFLM:
        d->fast_beam = d->beam_y + 0.5 * d->pixel_size;
        d->slow_beam = d->beam_x + 0.5 * d->pixel_size;
        break;
    case DENZO:
        d->fast_beam = d->beam_y;
        d->slow_beam = d->beam_x;
        break;
    case ADXV:
        d->fast_beam = d->beam_x;
        d->slow_beam = d->extent[1] - d->beam_y;
        break;
    default:
        d->fast_beam = d->beam_x;
        d->slow_beam = d->beam_y;
    }
}

/* Every convention but CUSTOM forces its pivot, whatever -pivot said. */
static Pivot pivot_of(const Options *options)
{
    switch (options->convention) {
    case CUSTOM: return (Pivot)options->pivot;
    case XDS:
    case DIALS: return SAMPLE_PIVOT;
    default: return BEAM_PIVOT;
    }
}

void convention_apply(Detector *d, const Options *options)
{
    double close[2];
    for (int i = 0; i < 2; i++)
        close[i] = isnan(options->origin[i])
                       ? d->extent[i] / 2.0
                       : (options->origin[i] - 0.5) * d->pixel_size;
    d->convention = (Convention)options->convention;
    set_axes(d, options);
    d->fast_close = close[0];
    d->slow_close = close[1];
    d->close_x = given_or(options->close[0], close[0]);
    d->close_y = given_or(options->close[1], close[1]);
    set_default_beam(d);
    d->beam_x = given_or(options->beam_centre[0], d->beam_x);
    d->beam_y = given_or(options->beam_centre[1], d->beam_y);
    map_beam(d);
    if (d->convention == CUSTOM) {
        d->fast_close = d->beam_x;
        d->slow_close = d->beam_y;
    }
    d->pivot = pivot_of(options);
}

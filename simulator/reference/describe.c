/* The configuration, stated once, so that two runs can be held together. */
#include "convention.h"
#include "experiment.h"
#include "trace.h"

static double degrees(double radians)
{
    return radians * DEGREES_PER_RADIAN;
}

static double degrees_between(Vec3 a, Vec3 b)
{
    return degrees(acos(dot(a, b) / (length(a) * length(b))));
}

static void describe_detector(const Detector *d)
{
    trace_config_text("convention", convention_name(d->convention));
    trace_config_text("pivot", d->pivot == BEAM_PIVOT ? "BEAM" : "SAMPLE");
    trace_config("distance", "m", d->distance);
    trace_config("close_distance", "m", d->close_distance);
    trace_config_integer("detector_fast", d->count[0]);
    trace_config_integer("detector_slow", d->count[1]);
    trace_config("detector_extent_fast", "m", d->extent[0]);
    trace_config("detector_extent_slow", "m", d->extent[1]);
    trace_config("pixel_size", "m", d->pixel_size);
    trace_config_informative("Xbeam", "m", d->beam_x);
    trace_config_informative("Ybeam", "m", d->beam_y);
    trace_config_informative("Xclose", "m", d->close_x);
    trace_config_informative("Yclose", "m", d->close_y);
    trace_config("Fclose", "m", d->fast_close);
    trace_config("Sclose", "m", d->slow_close);
    trace_config_integer("oversample", d->oversample);
    trace_config_integer("layers", d->layers);
    trace_config("sensor_thickness", "m", d->thickness);
    trace_config_integer("curved_detector", d->curved);
    trace_config_integer("point_pixel", d->point_pixel);
    trace_config_integer("roi_fast_min", d->roi[0]);
    trace_config_integer("roi_fast_max", d->roi[1]);
    trace_config_integer("roi_slow_min", d->roi[2]);
    trace_config_integer("roi_slow_max", d->roi[3]);
}

static void describe_crystal(const Crystal *crystal)
{
    const Cell *cell = &crystal->real;
    trace_config_text("crystal_shape", crystal_shape_name(crystal->shape));
    trace_config_number("fudge", crystal->fudge);
    trace_config_number("N_a", crystal->cells[0]);
    trace_config_number("N_b", crystal->cells[1]);
    trace_config_number("N_c", crystal->cells[2]);
    trace_config("cell_a", "angstrom", length(cell->a) * 1e10);
    trace_config("cell_b", "angstrom", length(cell->b) * 1e10);
    trace_config("cell_c", "angstrom", length(cell->c) * 1e10);
    trace_config("cell_alpha", "degree", degrees_between(cell->b, cell->c));
    trace_config("cell_beta", "degree", degrees_between(cell->c, cell->a));
    trace_config("cell_gamma", "degree", degrees_between(cell->a, cell->b));
}

static void describe_factors(const StructureFactors *factors)
{
    trace_config_integer("hkls", factors->count);
    trace_config_text("structure_factors", structure_factors_origin(factors));
    trace_config_integer("Fdump_read", factors->origin == FROM_DUMP);
    trace_config("default_F", "electron", factors->default_F);
    trace_config_integer("interpolation", factors->interpolation_chosen);
}

/* From a source file, divergence isn't stated: there are no such steps. */
static void describe_beam(const Experiment *e, const Options *options)
{
    const Beam *beam = &e->beam;
    trace_config("wavelength", "m", options->wavelength);
    trace_config("fluence", "photon/m^2", beam->fluence);
    trace_config_number("polarization_factor", e->polarization);
    trace_config_integer("polarized", e->polarized);
    trace_config_integer("sources", beam->sources);
    if (beam->divergence_steps > 0)
        trace_config_integer("divergence_steps", beam->divergence_steps);
    trace_config_integer("wavelength_steps", beam->dispersion.count);
    trace_config_number("dispersion", beam->dispersion.width * 100.0);
}

static void describe_orientations(const Orientations *o)
{
    trace_config("phi_start", "degree", degrees(o->start));
    trace_config("phi_end", "degree", degrees(o->start + o->width));
    trace_config_integer("phi_steps", o->phi_steps);
    trace_config_integer("mosaic_domains", o->domains);
    trace_config("mosaic_spread", "degree", degrees(o->spread));
}

void experiment_describe(const Experiment *e, const Options *options)
{
    describe_detector(&e->detector);
    describe_factors(&e->factors);
    describe_crystal(&e->crystal);
    describe_beam(e, options);
    describe_orientations(&e->orientations);
    trace_config("water_size", "m", e->water);
    trace_config("dmin", "m", e->d_min);
    trace_config_integer("steps", e->steps);
    quirks_describe(&e->quirks);
}

#include "experiment.h"

#include "constants.h"
#include "failure.h"
#include "mask.h"
#include "trace.h"

/* Scattering of the water around the crystal: once a pixel and the same
 * everywhere. The final scaling brings in r_e^2*fluence a second time. */
static double water_background(double water, double fluence)
{
    const double F = 2.57, molar_mass = 18.0;
    return F * F * r_e_squared * fluence * water * water * water * 1e6 *
           avogadro / molar_mass;
}

static void check_pixels(const Detector *detector, const Options *options)
{
    for (int i = 0; i < options->trace_count; i++) {
        long slow = options->trace_pixels[i][0];
        long fast = options->trace_pixels[i][1];
        if (slow < 0 || slow >= detector->count[1] || fast < 0 ||
            fast >= detector->count[0])
            fail("-trace_pixel: slow %ld, fast %ld is outside the detector "
                 "of %ld x %ld pixels (slow x fast)", slow, fast,
                 detector->count[1], detector->count[0]);
    }
}

static void trace_counts(const Experiment *e)
{
    TraceAt at = trace_run();
    const StructureFactors *f = &e->factors;
    trace(&at, AT_RUN, "r_e_sqr", "m^2", r_e_squared);
    trace(&at, AT_RUN, "fluence", "photon/m^2", e->beam.fluence);
    trace_integer(&at, AT_RUN, "steps", e->steps);
    trace_integer(&at, AT_RUN, "oversample_thick", e->oversample_thick);
    trace_integer(&at, AT_RUN, "oversample_polar", e->oversample_polar);
    trace_integer(&at, AT_RUN, "oversample_omega", e->oversample_omega);
    trace(&at, AT_RUN, "water_background", "1", e->background);
    if (f->origin == NO_FACTORS)
        return;
    trace_hkl_integers(&at, AT_RUN, "hkl_min", f->min);
    trace_hkl_integers(&at, AT_RUN, "hkl_max", f->max);
}

static bool writes_image(const Options *options)
{
    return options->image_file != NULL || options->float_file != NULL ||
           options->integer_file != NULL || options->pgm_file != NULL;
}

void experiment_prepare(Experiment *e, const Options *options)
{
    e->quirks = options->quirks;
    detector_place(&e->detector, options);
    check_pixels(&e->detector, options);
    crystal_build(&e->crystal, options);
    detector_oversample(&e->detector, options,
                        crystal_largest_edge(&e->crystal));
    structure_factors_read(&e->factors, options);
    e->masked = NULL;
    if (options->mask_file != NULL)
        e->masked = mask_read(options->mask_file, e->detector.count);
    e->polarization = options->polarization;
    e->polarized = !options->no_polarization;
    e->oversample_thick = options->oversample_thick != 0;
    e->oversample_polar = options->oversample_polar != 0;
    e->oversample_omega = options->oversample_omega != 0;
    e->d_min = options->d_min;
    e->water = options->water;
    orientations_build(&e->orientations, options, &e->crystal,
                       e->detector.spindle);
    beam_build(&e->beam, options, &e->detector);
    e->background = water_background(e->water, e->beam.fluence);
    e->steps = e->beam.sources * e->orientations.domains *
               e->orientations.phi_steps * e->detector.oversample *
               e->detector.oversample;
    e->whole_image = writes_image(options) || !trace_any_pixel();
    trace_counts(e);
}

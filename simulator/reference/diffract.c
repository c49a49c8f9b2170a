/* Intensity, sample by sample, in nanoBragg's order of loops: slow and fast
 * pixel, layer, sub-pixel slow and fast, source, phi, mosaic domain.
 */
#include "diffract.h"

#include <string.h>

#include "constants.h"
#include "failure.h"
#include "polarization.h"
#include "trace.h"

/* What one sample or pixel leaves behind for those after it. */
typedef struct {
    int sweep;            /* FIRST_SWEEP until one phi sweep is over */
    bool interpolate;     /* off for good after the first way out */
    Vec3 polarization;    /* normalised anew at every use */
} Memory;

/* One pixel while its samples are summed. The three factors are 0 until
 * they are first needed, and then kept, unless their oversampling is on. */
typedef struct {
    double sum, omega, capture, polar;
} Pixel;

static double structure_factor(const Experiment *e, Memory *memory,
                               const double hkl[3], const long rounded[3])
{
    if (memory->interpolate) {
        if (structure_factors_in_range(&e->factors, hkl))
            return structure_factors_between(&e->factors, hkl);
        if (quirk_on(&e->quirks, INTERPOLATION_SWITCH_OFF)) {
            warn("h %g, k %g, l %g is too near the edge of the structure "
                 "factors: no interpolation from here on", hkl[0], hkl[1],
                 hkl[2]);
            memory->interpolate = false;
        }
    }
    return structure_factors_nearest(&e->factors, rounded);
}

/* The lattice factors along the axes exist for the square crystal only. */
static void trace_lattice(const TraceAt *at, const Experiment *e,
                          const double along[3], double lattice)
{
    if (e->crystal.shape == SQUARE) {
        trace(at, AT_SAMPLE, "F_latt_a", "1", along[0]);
        trace(at, AT_SAMPLE, "F_latt_b", "1", along[1]);
        trace(at, AT_SAMPLE, "F_latt_c", "1", along[2]);
    }
    trace(at, AT_SAMPLE, "F_latt", "1", lattice);
}

/* What was asked to be multiplied in at every sample. */
static double weighted(const Experiment *e, const Pixel *pixel, double value)
{
    if (e->oversample_thick)
        value *= pixel->capture;
    if (e->oversample_polar)
        value *= pixel->polar;
    if (e->oversample_omega)
        value *= pixel->omega;
    return value;
}

/* nanoBragg multiplies all that has been summed so far, sample after
 * sample: a nested product, and not a weighted sum. */
static void add_term(const Experiment *e, Pixel *pixel, double term,
                     const TraceAt *at)
{
    trace(at, AT_SAMPLE, "I_term", "1", term);
    if (quirk_on(&e->quirks, RUNNING_SUM))
        pixel->sum = weighted(e, pixel, pixel->sum + term);
    else
        pixel->sum += weighted(e, pixel, term);
    trace(at, AT_SAMPLE, "I_accum", "1", pixel->sum);
}

static void add_sample(const Experiment *e, Memory *memory, Pixel *pixel,
                       const Cell *cell, Vec3 q, const TraceAt *at)
{
    const double hkl[3] = {dot(cell->a, q), dot(cell->b, q),
                           dot(cell->c, q)};
    const long rounded[3] = {(long)ceil(hkl[0] - 0.5),
                             (long)ceil(hkl[1] - 0.5),
                             (long)ceil(hkl[2] - 0.5)};
    double along[3];
    trace_vector(at, AT_SAMPLE, "rot_a", "m", cell->a);
    trace_vector(at, AT_SAMPLE, "rot_b", "m", cell->b);
    trace_vector(at, AT_SAMPLE, "rot_c", "m", cell->c);
    trace_hkl(at, AT_SAMPLE, "hkl_frac", hkl);
    trace_hkl_integers(at, AT_SAMPLE, "hkl_rounded", rounded);
    double lattice = crystal_lattice_factor(&e->crystal, hkl, rounded, along);
    if (at->on)
        trace_lattice(at, e, along, lattice);
    if (lattice == 0.0 && e->water == 0.0)
        return;
    double F = structure_factor(e, memory, hkl, rounded);
    trace(at, AT_SAMPLE, "F_cell", "electron", F);
    add_term(e, pixel, F * F * lattice * lattice, at);
}

static void add_sweep(const Experiment *e, Memory *memory, Pixel *pixel,
                      Vec3 q, TraceAt *at)
{
    const Orientations *o = &e->orientations;
    const Cell *cell = o->cell[memory->sweep];
    for (long phi = 0; phi < o->phi_steps; phi++) {
        at->index[PHI] = phi;
        for (long mosaic = 0; mosaic < o->domains; mosaic++) {
            at->index[MOSAIC] = mosaic;
            add_sample(e, memory, pixel, cell++, q, at);
        }
    }
    memory->sweep = LATER_SWEEP;
}

/* The factor of this source. diffracted is normalised anew in place, so that
 * the next source of the sub-pixel sees it in its last bits: a quirk. */
static double polarized(const Experiment *e, Memory *memory, Vec3 incident,
                        Vec3 *diffracted)
{
    Vec3 copy = *diffracted;
    bool in_place = quirk_on(&e->quirks, RENORMALISED_DIRECTION);
    return polarization_factor(e->polarization, &incident,
                               in_place ? diffracted : &copy,
                               &memory->polarization);
}

static void add_source(const Experiment *e, Memory *memory, Pixel *pixel,
                       long source, Vec3 *diffracted, TraceAt *at)
{
    Vec3 incident = e->beam.incident[source];
    double wavelength = e->beam.wavelength[source];
    Vec3 change = subtract(*diffracted, incident);
    Vec3 q = {change.x / wavelength, change.y / wavelength,
              change.z / wavelength};
    at->index[SOURCE] = source;
    trace_vector(at, AT_SOURCE, "scattering_vec", "1/m", q);
    if (e->d_min > 0.0) {
        double stol = 0.5 * length(q);
        if (stol > 0.0 && e->d_min > 0.5 / stol)
            return;
    }
    if (pixel->polar == 0.0 || e->oversample_polar)
        pixel->polar = polarized(e, memory, incident, diffracted);
    if (e->oversample_polar)
        trace(at, AT_SOURCE, "polar_source", "1", pixel->polar);
    add_sweep(e, memory, pixel, q, at);
}

/* The part of the photons that the layer absorbs on this path. */
static double captured(const Detector *d, long layer, Vec3 diffracted)
{
    double along = dot(diffracted, d->normal);
    return exp(-(double)layer * d->layer_step * d->attenuation / along) -
           exp(-(double)(layer + 1) * d->layer_step * d->attenuation / along);
}

static void add_subpixel(const Experiment *e, Memory *memory, Pixel *pixel,
                         TraceAt *at)
{
    const Detector *d = &e->detector;
    const long *i = at->index;
    Vec3 position = detector_position(d, i[SLOW], i[FAST], i[LAYER],
                                      i[SUB_SLOW], i[SUB_FAST]);
    double distance = length(position);
    Vec3 diffracted = unit(position);
    trace_vector(at, AT_SUBPIXEL, "pixel_pos", "m", position);
    trace(at, AT_SUBPIXEL, "R", "m", distance);
    trace_vector(at, AT_SUBPIXEL, "diffracted_vec", "1", diffracted);
    if (pixel->omega == 0.0 || e->oversample_omega) {
        pixel->omega = detector_solid_angle(d, distance);
        trace(at, e->oversample_omega ? AT_SUBPIXEL : AT_PIXEL, "omega",
              "sr", pixel->omega);
    }
    if (pixel->capture == 0.0 || e->oversample_thick)
        pixel->capture = captured(d, i[LAYER], diffracted);
    if (e->oversample_thick)
        trace(at, AT_SUBPIXEL, "capture_subpixel", "1", pixel->capture);
    for (long source = 0; source < e->beam.sources; source++)
        add_source(e, memory, pixel, source, &diffracted, at);
}

/* The sum over a pixel's samples becomes photons. The factors that aren't
 * oversampled stand for the whole pixel: omega and polar from its first
 * sub-pixel, capture from the first sub-pixel of the last layer. */
static double scaled_intensity(const Experiment *e, const Pixel *pixel,
                               const TraceAt *at)
{
    trace(at, AT_PIXEL, "I_before_scaling", "1", pixel->sum);
    trace(at, AT_PIXEL, "capture_fraction", "1", pixel->capture);
    trace(at, AT_PIXEL, "polar", "1", pixel->polar);
    trace(at, AT_PIXEL, "omega_applied", "sr", pixel->omega);
    double intensity =
        r_e_squared * e->beam.fluence * pixel->sum / (double)e->steps;
    trace(at, AT_PIXEL, "intensity_post_scale", "photon/sr", intensity);
    if (!e->oversample_thick)
        intensity *= pixel->capture;
    if (!e->oversample_polar)
        intensity *= pixel->polar;
    if (!e->oversample_omega)
        intensity *= pixel->omega;
    trace(at, AT_PIXEL, "intensity", "photon", intensity);
    return intensity;
}

static double pixel_intensity(const Experiment *e, Memory *memory,
                              TraceAt *at)
{
    const Detector *d = &e->detector;
    Pixel pixel = {.sum = e->background, .polar = e->polarized ? 0.0 : 1.0};
    for (long layer = 0; layer < d->layers; layer++) {
        at->index[LAYER] = layer;
        pixel.capture = d->thickness == 0.0 ? 1.0 : 0.0;
        for (long s = 0; s < d->oversample; s++) {
            at->index[SUB_SLOW] = s;
            for (long f = 0; f < d->oversample; f++) {
                at->index[SUB_FAST] = f;
                add_subpixel(e, memory, &pixel, at);
            }
        }
    }
    return scaled_intensity(e, &pixel, at);
}

/* Whether a pixel leaves something behind that the next one's bits depend
 * on: then the pixels must be computed one after the other. */
static bool carries_over(const Experiment *e, const Memory *memory)
{
    const Orientations *o = &e->orientations;
    size_t size = (size_t)(o->phi_steps * o->domains) * sizeof(Cell);
    Vec3 axis = memory->polarization, again = unit(axis);
    bool ends = memory->interpolate &&
                quirk_on(&e->quirks, INTERPOLATION_SWITCH_OFF);
    return ends ||
           memcmp(o->cell[FIRST_SWEEP], o->cell[LATER_SWEEP], size) != 0 ||
           memcmp(&axis, &again, sizeof axis) != 0;
}

static void compute(const Experiment *e, Memory *memory, TraceAt *at,
                    double *value)
{
    if (experiment_computes(e, at->index[SLOW], at->index[FAST]))
        *value = pixel_intensity(e, memory, at);
    trace(at, AT_PIXEL, "image", "photon", *value);
}

/* With OpenMP the rows are shared out, but only where no bit and no trace
 * line depends on their order. Where nobody wants the image, the traced
 * pixels are enough. */
void diffract(const Experiment *e, double *image)
{
    const Detector *d = &e->detector;
    Memory memory = {.sweep = FIRST_SWEEP,
                     .interpolate = e->factors.interpolate,
                     .polarization = d->polarization};
    bool apart = !carries_over(e, &memory);
    bool all = e->whole_image || !apart;
#ifdef _OPENMP
#pragma omp parallel for firstprivate(memory) \
    if (apart && !trace_any_pixel())
#endif
    for (long slow = 0; slow < d->count[1]; slow++)
        for (long fast = 0; fast < d->count[0]; fast++) {
            TraceAt at = trace_pixel(slow, fast);
            if (all || at.on)
                compute(e, &memory, &at, &image[slow * d->count[0] + fast]);
        }
}

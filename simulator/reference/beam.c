#include "beam.h"

#include "failure.h"
#include "source_file.h"
#include "trace.h"

/* nanoBragg lets the user leave out any of the three; a range that doesn't
 * come out positive collapses to one step. */
Range range_resolve(Range r)
{
    if (r.count <= 0) {
        if (r.width < 0.0 && r.step <= 0.0)
            return (Range){0.0, 0.0, 1};
        if (r.width < 0.0)
            r = (Range){r.step, r.step, 2};
        else if (r.step <= 0.0)
            r = (Range){r.width, r.width, 2};
        else
            r.count = (long)ceil(r.width / r.step);
    } else if (r.width < 0.0) {
        if (r.step <= 0.0)
            r = (Range){1.0, 1.0 / (double)r.count, r.count};
        else
            r = (Range){r.step, r.step, 2};
    } else if (r.step <= 0.0) {
        if (r.count < 2)
            r.count = 2;
        r.step = r.width / (double)(r.count - 1);
    }
    if (r.width <= 0.0 || r.step <= 0.0 || r.count <= 0)
        return (Range){0.0, 0.0, 1};
    return r;
}

/* The part of one direction in the test of whether a deviation lies in the
 * round beam: its square, less half a step's where the count is even. */
static double roundness(double deviation, Range r)
{
    double even = r.step * r.step / 4.0 * (double)(1 - r.count % 2);
    return (deviation * deviation - even) / r.width / r.width;
}

static void append(Beam *beam, Vec3 position, double wavelength)
{
    size_t count = (size_t)beam->sources + 1;
    beam->incident =
        reallocate(beam->incident, count, sizeof *beam->incident);
    beam->wavelength =
        reallocate(beam->wavelength, count, sizeof *beam->wavelength);
    Vec3 direction = unit(position);
    beam->incident[count - 1] =
        (Vec3){-direction.x, -direction.y, -direction.z};
    beam->wavelength[count - 1] = wavelength;
    beam->sources++;
}

/* All wavelengths from one direction. */
static void append_spectrum(Beam *beam, Vec3 position, double wavelength)
{
    Range spread = beam->dispersion;
    for (long k = 0; k < spread.count; k++)
        append(beam, position,
               wavelength * (1.0 + spread.step * (double)k -
                             spread.width / 2.0));
}

static void generate(Beam *beam, const Options *options, const Detector *d)
{
    Range h = range_resolve(options->divergence[0]);
    Range v = range_resolve(options->divergence[1]);
    Vec3 middle = scaled(d->beam, -10.0);
    for (long i = 0; i < h.count; i++) {
        for (long j = 0; j < v.count; j++) {
            double hdiv = h.step * (double)i - h.width / 2.0;
            double vdiv = v.step * (double)j - v.width / 2.0;
            /* NaN where one direction has no range: then nothing is left
             * out, because the comparison is false. */
            double t = roundness(hdiv, h) + roundness(vdiv, v);
            if (options->round_divergence && t * 4.0 > 1.1)
                continue;
            Vec3 position = rotate_about(middle, d->polarization, vdiv);
            position = rotate_about(position, d->vertical, hdiv);
            append_spectrum(beam, position, options->wavelength);
            beam->divergence_steps++;
        }
    }
    if (beam->sources == 0)
        fail("no source: the round beam leaves all directions out; give "
             "-square_div, or other divergence steps");
}

static void read_file(Beam *beam, const Options *options, const Detector *d)
{
    SourceFile file =
        source_file_read(options->source_file, d->beam, options->wavelength);
    for (long i = 0; i < file.count; i++)
        append(beam, file.line[i].position, file.line[i].wavelength);
    beam->divergence_steps = -1;
    trace_file("input", options->source_file);
}

void beam_build(Beam *beam, const Options *options, const Detector *d)
{
    TraceAt at = trace_run();
    *beam = (Beam){.fluence = options->fluence,
                   .central_wavelength = options->wavelength,
                   .dispersion = range_resolve(options->dispersion)};
    if (options->flux != 0.0 && options->exposure > 0.0 &&
        options->beam_size >= 0.0) {
        if (options->beam_size == 0.0)
            fail("-beamsize 0 with -flux: infinite fluence");
        beam->fluence = options->flux * options->exposure /
                        options->beam_size / options->beam_size;
    }
    if (options->source_file != NULL)
        read_file(beam, options, d);
    else
        generate(beam, options, d);
    for (long i = 0; i < beam->sources; i++) {
        at.index[SOURCE] = i;
        trace_vector(&at, AT_EACH_SOURCE, "incident_vec", "1",
                     beam->incident[i]);
        trace(&at, AT_EACH_SOURCE, "wavelength", "m", beam->wavelength[i]);
    }
}

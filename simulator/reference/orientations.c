#include "orientations.h"

#include "failure.h"
#include "random.h"
#include "trace.h"

/* Phi sampling: unset values are below 0. Giving the number of steps and
 * the step but no range gives 2 steps, as in nanoBragg. */
static void resolve_phi(Orientations *o, Range r)
{
    if (r.count < 0) {
        if (r.width < 0.0 && r.step <= 0.0)
            r = (Range){0.0, 0.0, 1};
        else if (r.width < 0.0)
            r = (Range){r.step, r.step, 2};
        else if (r.step <= 0.0)
            r = (Range){r.width, r.width / 2.0, 2};
        else
            r.count = (long)ceil(r.width / r.step);
    } else {
        if (r.count == 0)
            r.count = 1;
        if (r.width < 0.0 && r.step <= 0.0) {
            r.width = 1.0 / DEGREES_PER_RADIAN;
            r.step = r.width / (double)r.count;
        } else if (r.width < 0.0) {
            r = (Range){r.step, r.step, 2};
        } else if (r.step < 0.0) {
            r.step = r.width / (double)r.count;
        }
    }
    if (r.count < 1)
        fail("-osc 0 with -phistep gives no phi step: leave one of them out");
    o->width = r.width;
    o->step = r.step;
    o->phi_steps = r.count;
}

static void resolve_mosaic(Orientations *o, const Options *options)
{
    o->spread = options->mosaic_spread > 0.0 ? options->mosaic_spread : 0.0;
    if (o->spread == 0.0)
        o->domains = 1;
    else if (options->mosaic_domains <= 0)
        o->domains = 10;
    else
        o->domains = options->mosaic_domains;
}

/* The first domain draws its numbers, too, and is then left unrotated. */
static Mat3 *draw_domains(const Orientations *o, long seed)
{
    Mat3 *domain = allocate((size_t)o->domains, sizeof *domain);
    for (long i = 0; i < o->domains; i++)
        domain[i] = random_rotation(o->spread, &seed);
    domain[0] = (Mat3){{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    return domain;
}

static Cell turned(const Cell *cell, Vec3 spindle, double phi)
{
    return (Cell){rotate_about(cell->a, spindle, phi),
                  rotate_about(cell->b, spindle, phi),
                  rotate_about(cell->c, spindle, phi)};
}

static Cell in_domain(const Cell *cell, const Mat3 *domain)
{
    return (Cell){rotate_by(domain, cell->a), rotate_by(domain, cell->b),
                  rotate_by(domain, cell->c)};
}

/* Two sweeps one after the other: the second one and all that follow it
 * carry over the same cell, because a sweep ends where the last did.
 * carries: at phi = 0 the cell stays as the step before left it. */
static void sweep(Orientations *o, const Crystal *crystal, Vec3 spindle,
                  const double *phi, const Mat3 *domain, bool carries)
{
    Cell current = crystal->real;
    for (int s = 0; s < SWEEPS; s++) {
        o->cell[s] = allocate((size_t)(o->phi_steps * o->domains),
                              sizeof(Cell));
        Cell *next = o->cell[s];
        for (long i = 0; i < o->phi_steps; i++) {
            if (phi[i] != 0.0)
                current = turned(&crystal->real, spindle, phi[i]);
            else if (!carries)
                current = crystal->real;
            for (long j = 0; j < o->domains; j++)
                *next++ = o->spread > 0.0 ? in_domain(&current, &domain[j])
                                          : current;
        }
    }
}

void orientations_build(Orientations *o, const Options *options,
                        const Crystal *crystal, Vec3 spindle)
{
    TraceAt at = trace_run();
    o->start = options->phi;
    resolve_phi(o, options->phi_range);
    resolve_mosaic(o, options);
    double *phi = allocate((size_t)o->phi_steps, sizeof *phi);
    for (long i = 0; i < o->phi_steps; i++) {
        phi[i] = o->start + o->step * (double)i;
        at.index[PHI] = i;
        trace(&at, AT_EACH_PHI, "phi", "rad", phi[i]);
    }
    Mat3 *domain = draw_domains(o, options->mosaic_seed);
    sweep(o, crystal, spindle, phi, domain,
          quirk_on(&options->quirks, PHI_CARRY_OVER));
}

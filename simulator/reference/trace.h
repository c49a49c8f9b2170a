/* Trace lines: what the program prints about the values that it uses.
 *
 * tracekit.h prints them. What this file adds is the loop nest: TraceAt says
 * where the program is, its loop indices, and whether this place is traced at
 * all, so that an untraced sample costs one branch a tap. It is a local
 * variable of the nest, and a tap names the loops that its value depends on,
 * wherever in the nest it stands.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>
#include <tracekit.h>

#include "vector.h"

enum {
    SLOW, FAST, LAYER, SUB_SLOW, SUB_FAST, SOURCE, PHI, MOSAIC, DIMENSIONS
};

/* Which of the indices a tap carries: sets of dimensions. */
enum {
    AT_RUN = 0,
    AT_EACH_SOURCE = 1 << SOURCE,
    AT_EACH_PHI = 1 << PHI,
    AT_PIXEL = 1 << SLOW | 1 << FAST,
    AT_SUBPIXEL = AT_PIXEL | 1 << LAYER | 1 << SUB_SLOW | 1 << SUB_FAST,
    AT_SOURCE = AT_SUBPIXEL | 1 << SOURCE,
    AT_SAMPLE = AT_SOURCE | 1 << PHI | 1 << MOSAIC
};

typedef struct {
    bool on;
    long index[DIMENSIONS];
} TraceAt;

/* Say once, before anything is traced, which taps are printed (a comma
 * separated list of names in which * stands for any characters; NULL: all)
 * and which pixels. The pixels are (slow, fast) pairs. */
void trace_select(const char *taps, const long (*pixels)[2], int count);

/* Whether any pixel is traced. */
bool trace_any_pixel(void);

/* The place of run-level values. */
TraceAt trace_run(void);

/* The place of one pixel. */
static inline TraceAt trace_pixel(long slow, long fast)
{
    return (TraceAt){.on = tk_pixel_selected(slow, fast),
                     .index = {[SLOW] = slow, [FAST] = fast}};
}

/* The pixels that this run traces. */
void trace_covers(void);

void trace_arguments(int argc, char **argv);

void trace_print(const TraceAt *at, unsigned dimensions, const char *name,
                 const char *unit, const char *components, tk_kind kind,
                 size_t size, const void *values, int count);

static inline void trace(const TraceAt *at, unsigned dimensions,
                         const char *name, const char *unit, double value)
{
    if (at->on)
        trace_print(at, dimensions, name, unit, NULL, TK_FLOAT,
                    sizeof value, &value, 1);
}

static inline void trace_vector(const TraceAt *at, unsigned dimensions,
                                const char *name, const char *unit,
                                Vec3 value)
{
    if (at->on)
        trace_print(at, dimensions, name, unit, "xyz", TK_FLOAT,
                    sizeof value.x,
                    (const double[]){value.x, value.y, value.z}, 3);
}

/* Three numbers along the Miller indices h, k, l. */
static inline void trace_hkl(const TraceAt *at, unsigned dimensions,
                             const char *name, const double value[3])
{
    if (at->on)
        trace_print(at, dimensions, name, "1", "hkl", TK_FLOAT,
                    sizeof *value, value, 3);
}

static inline void trace_hkl_integers(const TraceAt *at,
                                      unsigned dimensions,
                                      const char *name, const long value[3])
{
    if (at->on)
        trace_print(at, dimensions, name, "1", "hkl", TK_SIGNED,
                    sizeof *value, value, 3);
}

static inline void trace_integer(const TraceAt *at, unsigned dimensions,
                                 const char *name, long value)
{
    if (at->on)
        trace_print(at, dimensions, name, "1", NULL, TK_SIGNED, sizeof value,
                    &value, 1);
}

/* The facts that are printed once, before the pixel loop. */
static inline void trace_config(const char *key, const char *unit,
                                double value)
{
    TK_CONFIG(key, value, unit);
}

static inline void trace_config_number(const char *key, double value)
{
    TK_CONFIG(key, value);
}

static inline void trace_config_integer(const char *key, long value)
{
    TK_CONFIG(key, value);
}

static inline void trace_config_text(const char *key, const char *text)
{
    TK_CONFIG(key, text);
}

static inline void trace_config_informative(const char *key,
                                            const char *unit, double value)
{
    TK_INFO(key, value, unit);
}

static inline void trace_file(const char *role, const char *name)
{
    TK_FILE(role, name);
}

#endif

/* Trace lines: what the program prints about the values that it uses.
 *
 * One line is one event, "TRACEKIT tap NAME slow=10 ... : value". A tap
 * prints a variable that the program goes on to use; nothing is computed
 * for the trace. TraceAt says where the program is: its loop indices, and
 * whether this place is traced at all, so that an untraced sample costs one
 * branch a tap. It is a local variable of the loop nest.
 */
#ifndef TRACE_H
#define TRACE_H

#include <stdbool.h>

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

/* How many numbers one line holds, and what they are the components of. */
typedef enum { NUMBER, XYZ, HKL } TraceShape;

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

/* The place of run-level values, and of one pixel. */
TraceAt trace_run(void);
TraceAt trace_pixel(long slow, long fast);

/* The facts that are printed once, before the pixel loop. */
void trace_config(const char *key, const char *unit, double value);
void trace_config_number(const char *key, double value); /* no unit */
void trace_config_integer(const char *key, long value);
void trace_config_text(const char *key, const char *text);
void trace_config_informative(const char *key, const char *unit,
                              double value);
void trace_arguments(int argc, char **argv);
void trace_file(const char *role, const char *name);

/* The pixels that this run traces. */
void trace_covers(void);

void trace_print_numbers(const TraceAt *at, unsigned dimensions,
                         const char *name, const char *unit,
                         TraceShape shape, const double *values);
void trace_print_integers(const TraceAt *at, unsigned dimensions,
                          const char *name, TraceShape shape,
                          const long *values);

static inline void trace(const TraceAt *at, unsigned dimensions,
                         const char *name, const char *unit, double value)
{
    if (at->on)
        trace_print_numbers(at, dimensions, name, unit, NUMBER, &value);
}

static inline void trace_vector(const TraceAt *at, unsigned dimensions,
                                const char *name, const char *unit,
                                Vec3 value)
{
    if (at->on)
        trace_print_numbers(at, dimensions, name, unit, XYZ,
                            (const double[]){value.x, value.y, value.z});
}

/* Three numbers along the Miller indices h, k, l. */
static inline void trace_hkl(const TraceAt *at, unsigned dimensions,
                             const char *name, const double value[3])
{
    if (at->on)
        trace_print_numbers(at, dimensions, name, "1", HKL, value);
}

static inline void trace_hkl_integers(const TraceAt *at,
                                      unsigned dimensions,
                                      const char *name, const long value[3])
{
    if (at->on)
        trace_print_integers(at, dimensions, name, HKL, value);
}

static inline void trace_integer(const TraceAt *at, unsigned dimensions,
                                 const char *name, long value)
{
    if (at->on)
        trace_print_integers(at, dimensions, name, NUMBER, &value);
}

#endif

#include "trace.h"

#include <stdio.h>
#include <string.h>

/* What was asked for. Set once by trace_select, before the loops start, and
 * only read from then on, so that every thread may look at it. */
static struct {
    const char *taps;
    const long (*pixels)[2];
    int count;
} selection;

static const char *const dimension_names[DIMENSIONS] = {
    "slow", "fast", "layer", "sub_slow", "sub_fast", "source", "phi",
    "mosaic",
};

void trace_select(const char *taps, const long (*pixels)[2], int count)
{
    selection.taps = taps;
    selection.pixels = pixels;
    selection.count = count;
}

bool trace_any_pixel(void)
{
    return selection.count > 0;
}

TraceAt trace_run(void)
{
    return (TraceAt){.on = true};
}

TraceAt trace_pixel(long slow, long fast)
{
    TraceAt at = {.on = false, .index = {[SLOW] = slow, [FAST] = fast}};
    for (int i = 0; i < selection.count && !at.on; i++)
        at.on = selection.pixels[i][0] == slow &&
                selection.pixels[i][1] == fast;
    return at;
}

/* Whether the pattern (up to its end or a comma) matches all of the name. */
static bool matches(const char *pattern, const char *name)
{
    if (*pattern == '*')
        return matches(pattern + 1, name) ||
               (*name != '\0' && matches(pattern, name + 1));
    if (*pattern == '\0' || *pattern == ',')
        return *name == '\0';
    return *pattern == *name && matches(pattern + 1, name + 1);
}

static bool selected(const char *name)
{
    const char *pattern = selection.taps;
    if (pattern == NULL)
        return true;
    while (pattern != NULL) {
        if (matches(pattern, name))
            return true;
        pattern = strchr(pattern, ',');
        if (pattern != NULL)
            pattern++;
    }
    return false;
}

/* Everything of a tap line up to the values. */
static void print_head(const TraceAt *at, unsigned dimensions,
                       const char *name, const char *unit, const char *type,
                       TraceShape shape)
{
    static const char *const components[] = {
        [NUMBER] = "", [XYZ] = " components=xyz", [HKL] = " components=hkl",
    };
    printf("TRACEKIT tap %s", name);
    for (int d = 0; d < DIMENSIONS; d++)
        if (dimensions & 1u << d)
            printf(" %s=%ld", dimension_names[d], at->index[d]);
    printf(" unit=%s type=%s%s :", unit, type, components[shape]);
}

void trace_print_numbers(const TraceAt *at, unsigned dimensions,
                         const char *name, const char *unit,
                         TraceShape shape, const double *values)
{
    if (!selected(name))
        return;
    print_head(at, dimensions, name, unit, "float64", shape);
    for (int i = 0; i < (shape == NUMBER ? 1 : 3); i++)
        printf(" %.17g", values[i]);
    putchar('\n');
}

void trace_print_integers(const TraceAt *at, unsigned dimensions,
                          const char *name, TraceShape shape,
                          const long *values)
{
    if (!selected(name))
        return;
    print_head(at, dimensions, name, "1", "int64", shape);
    for (int i = 0; i < (shape == NUMBER ? 1 : 3); i++)
        printf(" %ld", values[i]);
    putchar('\n');
}

void trace_config(const char *key, const char *unit, double value)
{
    printf("TRACEKIT config %s unit=%s : %.17g\n", key, unit, value);
}

void trace_config_number(const char *key, double value)
{
    printf("TRACEKIT config %s : %.17g\n", key, value);
}

void trace_config_integer(const char *key, long value)
{
    printf("TRACEKIT config %s : %ld\n", key, value);
}

void trace_config_text(const char *key, const char *text)
{
    printf("TRACEKIT config %s : %s\n", key, text);
}

void trace_config_informative(const char *key, const char *unit,
                              double value)
{
    printf("TRACEKIT config %s informative unit=%s : %.17g\n", key, unit,
           value);
}

void trace_arguments(int argc, char **argv)
{
    printf("TRACEKIT config argv informative :");
    for (int i = 1; i < argc; i++)
        printf(" %s", argv[i]);
    putchar('\n');
}

void trace_file(const char *role, const char *name)
{
    printf("TRACEKIT file %s : %s\n", role, name);
}

void trace_covers(void)
{
    for (int i = 0; i < selection.count; i++) {
        const long *pixel = selection.pixels[i];
        printf("%s%ld %ld", i == 0 ? "TRACEKIT covers slow fast : " : " ; ",
               pixel[0], pixel[1]);
    }
    if (selection.count > 0)
        putchar('\n');
}

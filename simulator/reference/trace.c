#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"

static const char *const dimension_names[DIMENSIONS] = {
    "slow", "fast", "layer", "sub_slow", "sub_fast", "source", "phi",
    "mosaic",
};

/* Stdout takes the trace, whatever tracekit.h reads from the environment. */
void trace_select(const char *taps, const long (*pixels)[2], int count)
{
    static const long none[2];
    tk_open(stdout);
    tk_select(taps, count > 0 ? pixels[0] : none, count);
}

bool trace_any_pixel(void)
{
    return tk.pixels > 0;
}

TraceAt trace_run(void)
{
    return (TraceAt){.on = true};
}

void trace_print(const TraceAt *at, unsigned dimensions, const char *name,
                 const char *unit, const char *components, tk_kind kind,
                 size_t size, const void *values, int count)
{
    tk_axis axes[DIMENSIONS];
    int used = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        if (dimensions & 1u << d)
            axes[used++] = (tk_axis){dimension_names[d], at->index[d], -1};
    tk_line(name, unit, components, kind, size, values, count, axes, used);
}

void trace_arguments(int argc, char **argv)
{
    size_t size = 1;
    for (int i = 1; i < argc; i++)
        size += strlen(argv[i]) + 1;
    char *all = allocate(size, 1), *end = all;
    for (int i = 1; i < argc; i++)
        end += sprintf(end, "%s%s", i == 1 ? "" : " ", argv[i]);
    TK_INFO("argv", all);
    free(all);
}

void trace_covers(void)
{
    tk_covers(tk.pixel, tk.pixels);
}

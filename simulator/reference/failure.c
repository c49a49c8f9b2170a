#include "failure.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void say(const char *kind, const char *format, va_list values)
{
    fflush(stdout);
    fprintf(stderr, "nanobragg: %s: ", kind);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
}

void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("error", format, values);
    va_end(values);
    exit(2);
}

void warn(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say("warning", format, values);
    va_end(values);
}

void *allocate(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    if (block == NULL)
        fail("no memory for %zu items of %zu bytes", count, size);
    return block;
}

void *reallocate(void *block, size_t count, size_t size)
{
    void *larger = NULL;
    if (count <= SIZE_MAX / size)
        larger = realloc(block, count * size);
    if (larger == NULL)
        fail("no memory for %zu items of %zu bytes", count, size);
    return larger;
}

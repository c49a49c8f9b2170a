#include "mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "trace.h"

enum { HEADER_LENGTH = 512 };

/* The value of KEY= in an SMV header, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    size_t size = strlen(key);
    const char *found = header;
    while ((found = strstr(found, key)) != NULL) {
        int starts_line = found > header && strchr("\n;{ ", found[-1]);
        if (starts_line && found[size] == '=')
            return found + size + 1;
        found += size;
    }
    return NULL;
}

static long number_of(const char *header, const char *key, const char *name)
{
    const char *value = value_of(header, key);
    if (value == NULL)
        fail("-mask: the header of '%s' lacks %s", name, key);
    return strtol(value, NULL, 10);
}

static void check_header(const char *header, const char *name,
                         const long count[2])
{
    const char *type = value_of(header, "TYPE");
    long fast = number_of(header, "SIZE1", name);
    long slow = number_of(header, "SIZE2", name);
    if (fast != count[0] || slow != count[1])
        fail("-mask: '%s' has %ld x %ld pixels (slow x fast), the detector "
             "%ld x %ld", name, slow, fast, count[1], count[0]);
    if (type != NULL && strncmp(type, "unsigned_short", 14) != 0)
        fail("-mask: '%s' doesn't hold unsigned_short pixels", name);
}

unsigned char *mask_read(const char *name, const long count[2])
{
    char header[HEADER_LENGTH + 1] = "";
    size_t pixels = (size_t)(count[0] * count[1]);
    unsigned char *masked = allocate(pixels, 1);
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        fail("-mask: can't read '%s'", name);
    if (fread(header, 1, HEADER_LENGTH, file) != HEADER_LENGTH)
        fail("-mask: '%s' is too short for an SMV image", name);
    check_header(header, name, count);
    long start = number_of(header, "HEADER_BYTES", name);
    if (start <= 0 || fseek(file, start, SEEK_SET) != 0)
        fail("-mask: '%s' has a header of %ld bytes", name, start);
    for (size_t i = 0; i < pixels; i++) {
        int one = fgetc(file), other = fgetc(file);
        if (other == EOF)
            fail("-mask: '%s' is cut short", name);
        masked[i] = one == 0 && other == 0; /* in either byte order */
    }
    fclose(file);
    trace_file("input", name);
    return masked;
}

/* How the program stops: one line on stderr, exit status 2. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stddef.h>

/* Print "nanobragg: error: ..." and exit with status 2. */
_Noreturn void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Print "nanobragg: warning: ..." and go on. */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc and calloc that fail clearly instead of returning NULL. */
void *allocate(size_t count, size_t size);
void *reallocate(void *block, size_t count, size_t size);

#endif

/* Names the files that a program opens: preloaded where there is no strace.
 *
 * Each successful open is a line "R path" or "W path" in the file that
 * TRACEKIT_OPENED names. Programs that are linked statically, or that make
 * the system call themselves, aren't seen.
 *
 * SPDX-License-Identifier: MIT
 */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int (*real_open)(const char *, int, ...);

static void note(int file, int writes)
{
    char link[64], line[PATH_MAX + 8];
    const char *log = getenv("TRACEKIT_OPENED");
    int kept = errno;
    if (log == NULL || file < 0)
        return;
    if (real_open == NULL)
        *(void **)&real_open = dlsym(RTLD_NEXT, "open");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, line + 2, PATH_MAX);
    if (size > 0) {
        line[0] = writes ? 'W' : 'R';
        line[1] = ' ';
        line[size + 2] = '\n';
        int out = real_open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (out >= 0) {
            if (write(out, line, (size_t)size + 3) < 0)
                errno = kept;
            close(out);
        }
    }
    errno = kept;
}

static int writes(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list arguments; \
        va_start(arguments, flags); \
        mode = va_arg(arguments, mode_t); \
        va_end(arguments); \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        static int (*real)(const char *, int, ...); \
        MODE(flags) \
        if (real == NULL) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        int file = real(path, flags, mode); \
        note(file, writes(flags)); \
        return file; \
    }

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) \
    { \
        static int (*real)(int, const char *, int, ...); \
        MODE(flags) \
        if (real == NULL) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        int file = real(folder, path, flags, mode); \
        note(file, writes(flags)); \
        return file; \
    }

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) \
    { \
        static FILE *(*real)(const char *, const char *); \
        if (real == NULL) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        FILE *file = real(path, mode); \
        if (file != NULL) \
            note(fileno(file), mode[0] != 'r' || strchr(mode, '+')); \
        return file; \
    }

#define FREOPEN(name) \
    FILE *name(const char *path, const char *mode, FILE *old) \
    { \
        static FILE *(*real)(const char *, const char *, FILE *); \
        if (real == NULL) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        FILE *file = real(path, mode, old); \
        if (file != NULL) \
            note(fileno(file), mode[0] != 'r' || strchr(mode, '+')); \
        return file; \
    }

#define CREAT(name) \
    int name(const char *path, mode_t mode) \
    { \
        static int (*real)(const char *, mode_t); \
        if (real == NULL) \
            *(void **)&real = dlsym(RTLD_NEXT, #name); \
        int file = real(path, mode); \
        note(file, 1); \
        return file; \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FOPEN(fopen)
FOPEN(fopen64)
FREOPEN(freopen)
FREOPEN(freopen64)
CREAT(creat)
CREAT(creat64)
/* what programs call that are compiled with _FORTIFY_SOURCE */
OPEN(__open_2)
OPEN(__open64_2)
OPENAT(__openat_2)
OPENAT(__openat64_2)

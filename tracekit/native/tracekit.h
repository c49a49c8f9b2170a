/* tracekit.h: named values of a C or C++ program, out to where they compare.
 *
 *     #include "tracekit.h"
 *
 *     for (long s = 0; s < slow; s++)
 *         for (long f = 0; f < fast; f++) {
 *             TK_PIXEL(s, f);
 *             ...
 *             TK_TAP("omega", omega, "sr");
 *         }
 *
 *     TRACEKIT_LOG=c.log TRACEKIT_PIXELS="10,52" ./program
 *     tracekit compare torch.trace c.log --dialect tracekit
 *
 * A tap prints a value that the program goes on to use and changes nothing.
 * No library, no build step: include it in as many files as you like, C99 or
 * C++11, and they share one log. Nothing is written, and a tap costs one test
 * of a global, unless the environment asks for it:
 *
 *     TRACEKIT_LOG     a file, "stderr" or "stdout"; without it, stderr if
 *                      one of the other two is set, else all is off
 *     TRACEKIT_TAPS    names, by commas; * stands for any characters
 *     TRACEKIT_PIXELS  "slow,fast;slow,fast"; without it every pixel
 *     TRACEKIT_INLINE  arrays of more numbers than this go out as .npy files
 *                      beside the log (default 64; never for stderr, stdout)
 *
 * Numbers are printed with 17 digits (9 for float) and come back with the
 * same bits, whatever the locale. Indices belong to a thread and every line
 * goes out in one write, so OpenMP loops need nothing. Under MPI each rank
 * writes a file of its own: c.log becomes c.rank3.log.
 *
 *     TK_PIXEL(slow, fast)               where this thread is from here on
 *     TK_PIXEL_END()                     it is at no pixel any more
 *     TK_INDEX("phi", i)                 a loop's index; drops inner loops
 *     TK_INDEX_END("phi")                the loop is over
 *     TK_TAP("omega", x, "sr")           any number, or a text
 *     TK_TAP_AT("fast", "omega", x, "sr")  of the loops up to fast only;
 *                                        "" for none
 *     TK_XYZ("q", x, y, z, "1/m")        three doubles
 *     TK_VECTOR("hkl", p, "hkl", "1")    as many numbers as labels
 *     TK_MATRIX("U", p, 3, 3, "1")       row by row
 *     TK_ARRAY1("phi", p, "phi", n, "rad")
 *     TK_ARRAY2("T", p, "slow fast", n0, n1, "K")
 *     TK_ARRAY3("q", p, "slow fast xyz", n0, n1, 3, "1/m")
 *     TK_CONFIG("wavelength", x, "m")    a fact that decides the result
 *     TK_INFO("host", text)              a fact that doesn't
 *     TK_INPUT(name), TK_SIDE(name), TK_OUTPUT(name)
 *                                        a file that was named, that was
 *                                        picked up unasked, that is written
 *
 * The unit may be left out, except of arrays, where NULL is none. A name, a
 * unit and a dim hold no blank. Compilers other than GCC and Clang (and what
 * understands their attributes) need TK_IMPLEMENTATION defined in one source
 * file, and TK_START() first in main.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TRACEKIT_H
#define TRACEKIT_H

#include <stddef.h>
#include <stdio.h>

#if defined(__GNUC__)
#define TK_GNU 1
#define TK_SHARED __attribute__((weak))
#define TK_COLD __attribute__((weak, cold, noinline))
#define TK_THREAD __thread
#define TK_RARELY(x) __builtin_expect(!!(x), 0)
#else
#define TK_SHARED
#define TK_COLD
#define TK_RARELY(x) (x)
#if defined(__cplusplus)
#define TK_THREAD thread_local
#elif defined(_MSC_VER)
#define TK_THREAD __declspec(thread)
#else
#define TK_THREAD _Thread_local
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { TK_MOST_LOOPS = 16, TK_MOST_DIMS = 8 };

/* What the numbers are; their size says the rest. */
typedef enum { TK_FLOAT, TK_SIGNED, TK_UNSIGNED, TK_BOOL } tk_kind;

/* Indices first to first + count - 1 of a dim. */
typedef struct {
    const char *dim;
    long long first, count;
} tk_axis;

/* The loops that a thread is in, and whether its pixel is left out. */
typedef struct {
    int depth, skip;
    tk_axis loop[TK_MOST_LOOPS];
} tk_place;

typedef struct {
    int started;
    FILE *log;
    const char *path;  /* of a log that arrays may lie beside, else NULL */
    const char *taps;  /* NULL: all */
    const long *pixel; /* pairs; NULL: all */
    long pixels, inline_most, arrays, process;
    int lost; /* a write failed, and that was said */
} tk_setup;

#if defined(TK_GNU) || defined(TK_IMPLEMENTATION)
TK_SHARED int tk_on;
TK_SHARED tk_setup tk;
TK_SHARED TK_THREAD tk_place tk_here;
#else
extern int tk_on;
extern tk_setup tk;
extern TK_THREAD tk_place tk_here;
#endif

/* Read the environment; done before main where the compiler can. */
void tk_start(void);
/* Write to an open stream, whatever the environment says. */
void tk_open(FILE *log);
/* Limit to taps (as TRACEKIT_TAPS) and to pairs of slow, fast; NULL: all.
 * Both must stay where they are while the program runs. */
void tk_select(const char *taps, const long *pixel, long pixels);
int tk_pixel_selected(long long slow, long long fast);
void tk_index(const char *dim, long long index);
void tk_index_end(const char *dim);
/* One line of numbers at these axes. `components`: labels of one letter each,
 * or by commas, or "3x3"; NULL for none. */
void tk_line(const char *name, const char *unit, const char *components,
             tk_kind kind, size_t size, const void *values, long long count,
             const tk_axis *axes, int dims);
/* Numbers at the loops up to `level` (NULL: all), plus components. */
void tk_numbers(const char *name, const char *unit, const char *level,
                const char *components, tk_kind kind, size_t size,
                const void *values, long long count);
void tk_array(const char *name, const char *unit, const char *dims,
              tk_kind kind, size_t size, const void *values, int rank,
              const long long *shape);
void tk_text(const char *name, const char *unit, const char *level,
             const char *text);
/* The value is a text, or a number in the type's own digits. */
void tk_fact(const char *key, const char *unit, int decisive,
             const char *text);
void tk_fact_number(const char *key, const char *unit, int decisive,
                    tk_kind kind, size_t size, const void *value);
void tk_file(const char *role, const char *name);
/* The pixels that this run traces, where it doesn't trace them all. */
void tk_covers(const long *pixel, long pixels);

#ifdef __cplusplus
}
#endif

#define TK_LIVE TK_RARELY(tk_on && !tk_here.skip)
#define TK_START() tk_start()
#define TK_PIXEL(slow, fast) \
    do { \
        if (TK_RARELY(tk_on)) { \
            tk_index("slow", (long long)(slow)); \
            tk_index("fast", (long long)(fast)); \
        } \
    } while (0)
#define TK_PIXEL_END() TK_INDEX_END("slow")
#define TK_INDEX(dim, index) \
    do { \
        if (TK_RARELY(tk_on)) \
            tk_index(dim, (long long)(index)); \
    } while (0)
#define TK_INDEX_END(dim) \
    do { \
        if (TK_RARELY(tk_on)) \
            tk_index_end(dim); \
    } while (0)

/* The last argument, the unit, may be left out. */
#define TK_PICK3(a, b, c, macro, ...) macro
#define TK_PICK4(a, b, c, d, macro, ...) macro
#define TK_PICK5(a, b, c, d, e, macro, ...) macro
#define TK_TAP(...) \
    TK_PICK3(__VA_ARGS__, TK_TAP_UNIT, TK_TAP_BARE, 0, 0)(__VA_ARGS__)
#define TK_TAP_BARE(name, value) TK_TAP_ALL(NULL, name, value, NULL)
#define TK_TAP_UNIT(name, value, unit) TK_TAP_ALL(NULL, name, value, unit)
#define TK_TAP_AT(...) \
    TK_PICK4(__VA_ARGS__, TK_TAP_ALL, TK_TAP_ATBARE, 0, 0)(__VA_ARGS__)
#define TK_TAP_ATBARE(level, name, value) TK_TAP_ALL(level, name, value, NULL)
#define TK_TAP_ALL(level, name, value, unit) \
    do { \
        if (TK_LIVE) \
            TK_TAP_OF(value)(name, unit, level, value, sizeof(value)); \
    } while (0)
#define TK_XYZ(...) \
    TK_PICK5(__VA_ARGS__, TK_XYZ_UNIT, TK_XYZ_BARE, 0, 0)(__VA_ARGS__)
#define TK_XYZ_BARE(name, x, y, z) TK_XYZ_UNIT(name, x, y, z, NULL)
#define TK_XYZ_UNIT(name, x, y, z, unit) \
    do { \
        if (TK_LIVE) { \
            double tk_xyz[3]; \
            tk_xyz[0] = (x), tk_xyz[1] = (y), tk_xyz[2] = (z); \
            tk_numbers(name, unit, NULL, "xyz", TK_FLOAT, sizeof(double), \
                       tk_xyz, 3); \
        } \
    } while (0)
#define TK_VECTOR(...) \
    TK_PICK4(__VA_ARGS__, TK_VECTOR_UNIT, TK_VECTOR_BARE, 0, 0)(__VA_ARGS__)
#define TK_VECTOR_BARE(name, values, labels) \
    TK_VECTOR_UNIT(name, values, labels, NULL)
#define TK_VECTOR_UNIT(name, values, labels, unit) \
    do { \
        if (TK_LIVE) \
            tk_numbers(name, unit, NULL, labels, TK_KIND_OF(values), \
                       sizeof(*(values)), values, -1); \
    } while (0)
#define TK_MATRIX(...) \
    TK_PICK5(__VA_ARGS__, TK_MATRIX_UNIT, TK_MATRIX_BARE, 0, 0)(__VA_ARGS__)
#define TK_MATRIX_BARE(name, values, rows, columns) \
    TK_MATRIX_UNIT(name, values, rows, columns, NULL)
#define TK_MATRIX_UNIT(name, values, rows, columns, unit) \
    TK_ARRAY2(name, values, "row column", rows, columns, unit)
#define TK_ARRAY1(name, values, dims, n0, unit) \
    TK_ARRAY(name, values, dims, n0, 1, 1, 1, unit)
#define TK_ARRAY2(name, values, dims, n0, n1, unit) \
    TK_ARRAY(name, values, dims, n0, n1, 1, 2, unit)
#define TK_ARRAY3(name, values, dims, n0, n1, n2, unit) \
    TK_ARRAY(name, values, dims, n0, n1, n2, 3, unit)
#define TK_ARRAY(name, values, dims, n0, n1, n2, rank, unit) \
    do { \
        if (TK_LIVE) { \
            long long tk_shape[3]; \
            tk_shape[0] = (long long)(n0), tk_shape[1] = (long long)(n1); \
            tk_shape[2] = (long long)(n2); \
            tk_array(name, unit, dims, TK_KIND_OF(values), \
                     sizeof(*(values)), values, rank, tk_shape); \
        } \
    } while (0)
#define TK_CONFIG(...) \
    TK_PICK3(__VA_ARGS__, TK_FACT_UNIT, TK_FACT_BARE, 0, 0)(1, __VA_ARGS__)
#define TK_INFO(...) \
    TK_PICK3(__VA_ARGS__, TK_FACT_UNIT, TK_FACT_BARE, 0, 0)(0, __VA_ARGS__)
#define TK_FACT_BARE(decisive, key, value) \
    TK_FACT_UNIT(decisive, key, value, NULL)
#define TK_FACT_UNIT(decisive, key, value, unit) \
    do { \
        if (TK_RARELY(tk_on)) \
            TK_FACT_OF(value)(key, unit, decisive, value, sizeof(value)); \
    } while (0)
#define TK_FILE(role, name) \
    do { \
        if (TK_RARELY(tk_on)) \
            tk_file(role, name); \
    } while (0)
#define TK_INPUT(name) TK_FILE("input", name)
#define TK_SIDE(name) TK_FILE("side", name)
#define TK_OUTPUT(name) TK_FILE("output", name)

/* One function a type: overloads in C++, _Generic in C. */
#ifdef __cplusplus
#define TK_NAMED(function, type) function
#else
#define TK_NAMED(function, type) function##_##type
#endif
#define TK_FUNCTIONS(type, c_type, kind) \
    static inline void TK_NAMED(tk_tap, type)( \
        const char *name, const char *unit, const char *level, c_type value, \
        size_t size) \
    { \
        (void)size; \
        tk_numbers(name, unit, level, NULL, kind, sizeof value, &value, 1); \
    } \
    static inline void TK_NAMED(tk_state, type)( \
        const char *key, const char *unit, int decisive, c_type value, \
        size_t size) \
    { \
        (void)size; \
        tk_fact_number(key, unit, decisive, kind, sizeof value, &value); \
    }
#define TK_EACH_TYPE(DO) \
    DO(double, double, TK_FLOAT) \
    DO(float, float, TK_FLOAT) \
    DO(char, signed char, TK_SIGNED) \
    DO(uchar, unsigned char, TK_UNSIGNED) \
    DO(short, short, TK_SIGNED) \
    DO(ushort, unsigned short, TK_UNSIGNED) \
    DO(int, int, TK_SIGNED) \
    DO(uint, unsigned int, TK_UNSIGNED) \
    DO(long, long, TK_SIGNED) \
    DO(ulong, unsigned long, TK_UNSIGNED) \
    DO(llong, long long, TK_SIGNED) \
    DO(ullong, unsigned long long, TK_UNSIGNED)

TK_EACH_TYPE(TK_FUNCTIONS)
#ifdef __cplusplus
TK_FUNCTIONS(truth, bool, TK_BOOL)
#else
TK_FUNCTIONS(truth, _Bool, TK_BOOL)
#endif

static inline void TK_NAMED(tk_tap, text)(const char *name, const char *unit,
                                          const char *level,
                                          const char *text, size_t size)
{
    (void)size;
    tk_text(name, unit, level, text);
}

static inline void TK_NAMED(tk_state, text)(const char *key,
                                            const char *unit, int decisive,
                                            const char *text, size_t size)
{
    (void)size;
    tk_fact(key, unit, decisive, text);
}

#ifdef __cplusplus
#define TK_TAP_OF(value) tk_tap
#define TK_FACT_OF(value) tk_state
#define TK_KIND_OF(values) tk_kind_of(values)
#define TK_KINDS(type, c_type, kind) \
    inline tk_kind tk_kind_of(const c_type *) { return kind; }
TK_EACH_TYPE(TK_KINDS)
inline tk_kind tk_kind_of(const bool *) { return TK_BOOL; }
#else
#define TK_TAP_OF(value) TK_CHOOSE(tk_tap, value)
#define TK_FACT_OF(value) TK_CHOOSE(tk_state, value)
#ifdef TK_GNU
#define TK_GENERIC __extension__ _Generic
#else
#define TK_GENERIC _Generic
#endif
#define TK_CHOOSE(function, value) \
    TK_GENERIC((value), double: function##_double, float: function##_float, \
               _Bool: function##_truth, char: function##_char, \
               signed char: function##_char, \
               unsigned char: function##_uchar, short: function##_short, \
               unsigned short: function##_ushort, int: function##_int, \
               unsigned int: function##_uint, long: function##_long, \
               unsigned long: function##_ulong, \
               long long: function##_llong, \
               unsigned long long: function##_ullong, \
               char *: function##_text, const char *: function##_text)
#define TK_KIND_CASE(type, kind) type *: kind, const type *: kind
#define TK_KIND_OF(values) \
    TK_GENERIC((values), TK_KIND_CASE(double, TK_FLOAT), \
               TK_KIND_CASE(float, TK_FLOAT), \
               TK_KIND_CASE(_Bool, TK_BOOL), \
               TK_KIND_CASE(signed char, TK_SIGNED), \
               TK_KIND_CASE(unsigned char, TK_UNSIGNED), \
               TK_KIND_CASE(short, TK_SIGNED), \
               TK_KIND_CASE(unsigned short, TK_UNSIGNED), \
               TK_KIND_CASE(int, TK_SIGNED), \
               TK_KIND_CASE(unsigned int, TK_UNSIGNED), \
               TK_KIND_CASE(long, TK_SIGNED), \
               TK_KIND_CASE(unsigned long, TK_UNSIGNED), \
               TK_KIND_CASE(long long, TK_SIGNED), \
               TK_KIND_CASE(unsigned long long, TK_UNSIGNED))
#endif

#if defined(TK_GNU) || defined(TK_IMPLEMENTATION)

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#define TK_PROCESS() ((long)getpid())
#else
#define TK_PROCESS() 0L
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A line that grows; `end` counts what didn't fit as well. */
typedef struct {
    char *text, room[1024];
    size_t end, size;
} tk_buffer;

void tk_add(tk_buffer *line, const char *format, ...);
void tk_finish(tk_buffer *line);
int tk_words(const char *what, const char *name, const char *unit);
void tk_head(tk_buffer *line, const char *keyword, const char *name,
             const tk_axis *axes, int dims);
void tk_number(tk_buffer *line, tk_kind kind, size_t size, const void *value);
int tk_matches(const char *pattern, const char *name);
int tk_selected(const char *name);
int tk_axes_to(const char *level);
void tk_note_pixel(void);
long tk_read_pixels(const char *text, long *pixel);
FILE *tk_open_log(const char *name);
int tk_save(const char *file, tk_kind kind, size_t size, const void *values,
            int rank, const long long *shape);
void tk_box(const char *name, const char *unit, const char *components,
            tk_kind kind, size_t size, const void *values, long long numbers,
            const tk_axis *axes, int dims);
void tk_pixels_of(const char *name, const char *unit, const char *components,
                  tk_kind kind, size_t size, const void *values,
                  long long numbers, const tk_axis *axes, int dims, int slow,
                  int fast);

TK_COLD void tk_add(tk_buffer *line, const char *format, ...)
{
    if (line->text == NULL) {
        line->text = line->room;
        line->size = sizeof line->room;
    }
    for (;;) {
        size_t left = line->size - line->end;
        va_list arguments;
        va_start(arguments, format);
        int added = vsnprintf(line->text + line->end, left, format, arguments);
        va_end(arguments);
        if (added >= 0 && (size_t)added < left) {
            line->end += (size_t)added;
            return;
        }
        size_t size = line->size * 2 + (added > 0 ? (size_t)added : 0);
        char *text = (char *)malloc(size);
        if (added < 0 || text == NULL) { /* better no line than half a one */
            free(text);
            tk.lost = 1;
            line->end = 0;
            return;
        }
        memcpy(text, line->text, line->end);
        if (line->text != line->room)
            free(line->text);
        line->text = text;
        line->size = size;
    }
}

/* The whole line in one write, which stdio and the system keep in one piece
 * between threads. */
TK_COLD void tk_finish(tk_buffer *line)
{
    tk_add(line, "\n");
    if (fwrite(line->text, 1, line->end, tk.log) != line->end && !tk.lost) {
        tk.lost = 1;
        fprintf(stderr, "tracekit.h: a trace line can't be written: %s; the "
                "trace is not complete\n", strerror(errno));
    }
    if (line->text != line->room)
        free(line->text);
}

/* Whether these are single words; else a line says so, which readers count. */
TK_COLD int tk_words(const char *what, const char *name, const char *unit)
{
    const char *words[2];
    words[0] = name, words[1] = unit == NULL ? "1" : unit;
    for (int i = 0; i < 2; i++) {
        int right = words[i] != NULL && words[i][0] != '\0';
        for (const char *c = words[i]; right && *c != '\0'; c++)
            right = !isspace((unsigned char)*c);
        if (!right) {
            tk_buffer line = {NULL, "", 0, 0};
            tk_add(&line, "TRACEKIT refused %s: a name or unit must be one "
                   "word: '", what);
            for (const char *c = words[i]; c != NULL && *c != '\0'; c++)
                tk_add(&line, "%c", *c == '\n' || *c == '\r' ? ' ' : *c);
            tk_add(&line, "'");
            tk_finish(&line);
            return 0;
        }
    }
    return 1;
}

TK_COLD void tk_head(tk_buffer *line, const char *keyword, const char *name,
                     const tk_axis *axes, int dims)
{
    tk_add(line, "TRACEKIT %s %s", keyword, name);
    for (int i = 0; i < dims; i++) {
        tk_add(line, " %s=%lld", axes[i].dim, axes[i].first);
        if (axes[i].count >= 0)
            tk_add(line, ":%lld", axes[i].count);
    }
}

TK_COLD void tk_number(tk_buffer *line, tk_kind kind, size_t size,
                       const void *value)
{
    if (kind == TK_FLOAT) {
        size_t begin = line->end;
        if (size == sizeof(float)) {
            float number;
            memcpy(&number, value, size);
            tk_add(line, "%.9g", (double)number);
        } else {
            double number;
            memcpy(&number, value, size);
            tk_add(line, "%.17g", number);
        }
        /* the locale may spell the point another way */
        char *c = line->text + begin, *end = line->text + line->end;
        c += strspn(c, "-+0123456789");
        if (*c != '\0' && *c != '.' && !isalpha((unsigned char)*c)) {
            char *rest = c;
            while (rest < end && !isdigit((unsigned char)*rest))
                rest++;
            *c++ = '.';
            memmove(c, rest, (size_t)(end - rest) + 1);
            line->end -= (size_t)(rest - c);
        }
    } else if (kind == TK_SIGNED) {
        long long number = 0;
        if (size == sizeof(signed char))
            number = *(const signed char *)value;
        else if (size == sizeof(short))
            number = *(const short *)value;
        else if (size == sizeof(int))
            number = *(const int *)value;
        else
            number = *(const long long *)value;
        tk_add(line, "%lld", number);
    } else {
        unsigned long long number = 0;
        if (size == sizeof(unsigned char))
            number = *(const unsigned char *)value;
        else if (size == sizeof(unsigned short))
            number = *(const unsigned short *)value;
        else if (size == sizeof(unsigned))
            number = *(const unsigned *)value;
        else
            number = *(const unsigned long long *)value;
        tk_add(line, "%llu", number);
    }
}

/* Whether the pattern (up to its end or a comma) matches all of the name. */
TK_COLD int tk_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *again = NULL;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            again = name;
        } else if (*pattern == *name && *pattern != ',') {
            pattern++, name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++again;
        } else {
            return 0;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0' || *pattern == ',';
}

TK_COLD int tk_selected(const char *name)
{
    const char *pattern = tk.taps;
    if (pattern == NULL)
        return 1;
    while (pattern != NULL) {
        if (tk_matches(pattern, name))
            return 1;
        pattern = strchr(pattern, ',');
        if (pattern != NULL)
            pattern++;
    }
    return 0;
}

TK_COLD int tk_pixel_selected(long long slow, long long fast)
{
    if (tk.pixel == NULL)
        return 1;
    for (long i = 0; i < tk.pixels; i++)
        if (tk.pixel[2 * i] == slow && tk.pixel[2 * i + 1] == fast)
            return 1;
    return 0;
}

/* Whether the thread is at a pixel that nobody asked for. */
TK_COLD void tk_note_pixel(void)
{
    const tk_axis *slow = NULL, *fast = NULL;
    for (int i = 0; i < tk_here.depth; i++) {
        if (strcmp(tk_here.loop[i].dim, "slow") == 0)
            slow = &tk_here.loop[i];
        if (strcmp(tk_here.loop[i].dim, "fast") == 0)
            fast = &tk_here.loop[i];
    }
    tk_here.skip = slow != NULL && fast != NULL &&
                   !tk_pixel_selected(slow->first, fast->first);
}

TK_COLD void tk_index(const char *dim, long long index)
{
    tk_place *here = &tk_here;
    tk_index_end(dim);
    if (here->depth == TK_MOST_LOOPS) {
        tk_words("an index: more than 16 loops", "", NULL);
        return;
    }
    here->loop[here->depth].dim = dim;
    here->loop[here->depth].first = index;
    here->loop[here->depth++].count = -1;
    tk_note_pixel();
}

TK_COLD void tk_index_end(const char *dim)
{
    for (int i = 0; i < tk_here.depth; i++)
        if (strcmp(tk_here.loop[i].dim, dim) == 0) {
            tk_here.depth = i;
            tk_note_pixel();
            return;
        }
}

/* How many of the thread's loops lead to this one, itself included. */
TK_COLD int tk_axes_to(const char *level)
{
    for (int i = 0; level != NULL && i < tk_here.depth; i++)
        if (strcmp(tk_here.loop[i].dim, level) == 0)
            return i + 1;
    return level == NULL ? tk_here.depth : 0;
}

TK_COLD void tk_line(const char *name, const char *unit,
                     const char *components, tk_kind kind, size_t size,
                     const void *values, long long count,
                     const tk_axis *axes, int dims)
{
    static const char *const types[] = {"float", "int", "uint", "bool"};
    if (!tk_selected(name) || !tk_words("a tap", name, unit))
        return;
    tk_buffer line = {NULL, "", 0, 0};
    tk_head(&line, "tap", name, axes, dims);
    if (unit != NULL)
        tk_add(&line, " unit=%s", unit);
    tk_add(&line, " type=%s", types[kind]);
    if (kind != TK_BOOL)
        tk_add(&line, "%d", (int)(8 * size));
    if (components != NULL)
        tk_add(&line, " components=%s", components);
    tk_add(&line, " :");
    for (long long i = 0; i < count; i++) {
        tk_add(&line, " ");
        tk_number(&line, kind, size,
                  (const char *)values + (size_t)i * size);
    }
    tk_finish(&line);
}

TK_COLD void tk_numbers(const char *name, const char *unit,
                        const char *level, const char *components,
                        tk_kind kind, size_t size, const void *values,
                        long long count)
{
    if (count < 0) { /* as many as there are labels */
        count = (long long)strlen(components);
        if (strchr(components, ',') != NULL) {
            count = 1;
            for (const char *c = components; *c != '\0'; c++)
                count += *c == ',';
        }
    }
    tk_line(name, unit, components, kind, size, values, count, tk_here.loop,
            tk_axes_to(level));
}

TK_COLD void tk_text(const char *name, const char *unit, const char *level,
                     const char *text)
{
    if (!tk_selected(name) || !tk_words("a tap", name, unit))
        return;
    tk_buffer line = {NULL, "", 0, 0};
    tk_head(&line, "tap", name, tk_here.loop, tk_axes_to(level));
    if (unit != NULL)
        tk_add(&line, " unit=%s", unit);
    tk_add(&line, " type=text : ");
    for (const char *c = text; *c != '\0'; c++) /* a line is one line */
        tk_add(&line, *c == '\n' ? "\\n" : *c == '\r' ? "\\r" : "%c", *c);
    tk_finish(&line);
}

TK_COLD void tk_fact(const char *key, const char *unit, int decisive,
                     const char *text)
{
    if (!tk_words("a fact", key, unit))
        return;
    tk_buffer line = {NULL, "", 0, 0};
    tk_add(&line, "TRACEKIT config %s%s", key,
           decisive ? "" : " informative");
    if (unit != NULL)
        tk_add(&line, " unit=%s", unit);
    tk_add(&line, " : ");
    for (const char *c = text; *c != '\0'; c++)
        tk_add(&line, *c == '\n' ? "\\n" : *c == '\r' ? "\\r" : "%c", *c);
    tk_finish(&line);
}

TK_COLD void tk_fact_number(const char *key, const char *unit, int decisive,
                            tk_kind kind, size_t size, const void *value)
{
    tk_buffer number = {NULL, "", 0, 0};
    tk_number(&number, kind, size, value);
    tk_fact(key, unit, decisive, number.text);
}

TK_COLD void tk_file(const char *role, const char *name)
{
    tk_buffer line = {NULL, "", 0, 0};
    tk_add(&line, "TRACEKIT file %s : %s", role, name);
    tk_finish(&line);
}

TK_COLD void tk_covers(const long *pixel, long pixels)
{
    tk_buffer line = {NULL, "", 0, 0};
    for (long i = 0; i < pixels; i++)
        tk_add(&line, "%s%ld %ld",
               i == 0 ? "TRACEKIT covers slow fast : " : " ; ", pixel[2 * i],
               pixel[2 * i + 1]);
    if (pixels > 0)
        tk_finish(&line);
}

/* An array as a .npy file of version 1.0; 0 if it can't be written. */
TK_COLD int tk_save(const char *file, tk_kind kind, size_t size,
                    const void *values, int rank, const long long *shape)
{
    static const char letters[] = "fiub";
    const unsigned short one = 1;
    char order = *(const unsigned char *)&one ? '<' : '>';
    tk_buffer head = {NULL, "", 0, 0};
    tk_add(&head, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (",
           size == 1 ? '|' : order, letters[kind], (int)size);
    size_t count = 1;
    for (int i = 0; i < rank; i++) {
        tk_add(&head, "%lld, ", shape[i]);
        count *= (size_t)shape[i];
    }
    tk_add(&head, "), }");
    while ((head.end + 11) % 64 != 0)
        tk_add(&head, " ");
    tk_add(&head, "\n");
    const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0,
                          (char)(head.end & 255), (char)(head.end >> 8)};
    FILE *out = fopen(file, "wb");
    int right = out != NULL && fwrite(magic, 1, 10, out) == 10 &&
                fwrite(head.text, 1, head.end, out) == head.end &&
                fwrite(values, size, count, out) == count;
    if (out != NULL)
        right = fclose(out) == 0 && right;
    if (head.text != head.room)
        free(head.text);
    return right;
}

/* A box of numbers: on the line if it is small, else beside the log. */
TK_COLD void tk_box(const char *name, const char *unit,
                    const char *components, tk_kind kind, size_t size,
                    const void *values, long long numbers,
                    const tk_axis *axes, int dims)
{
    if ((numbers <= tk.inline_most && numbers > 0) || tk.path == NULL) {
        tk_line(name, unit, components, kind, size, values, numbers, axes,
                dims);
        return;
    }
#ifdef TK_GNU
    long number = __atomic_add_fetch(&tk.arrays, 1, __ATOMIC_RELAXED);
#else
    long number = ++tk.arrays;
#endif
    long process = TK_PROCESS();
    tk_buffer file = {NULL, "", 0, 0}, line = {NULL, "", 0, 0};
    tk_add(&file, "%s.", tk.path);
    if (process != tk.process) /* it was forked, and counts for itself */
        tk_add(&file, "%ld.", process);
    tk_add(&file, "%ld.npy", number);
    const char *base = strrchr(file.text, '/');
    if (!tk_save(file.text, kind, size, values, 1, &numbers)) {
        tk_add(&line, "TRACEKIT refused %s: %s can't be written: %s", name,
               file.text, strerror(errno));
    } else {
        tk_head(&line, "array", name, axes, dims);
        if (unit != NULL)
            tk_add(&line, " unit=%s", unit);
        if (components != NULL)
            tk_add(&line, " components=%s", components);
        tk_add(&line, " : %s", base == NULL ? file.text : base + 1);
    }
    tk_finish(&line);
    if (file.text != file.room)
        free(file.text);
}

/* The selected pixels of a box that holds many, each as a box of its own. */
TK_COLD void tk_pixels_of(const char *name, const char *unit,
                          const char *components, tk_kind kind, size_t size,
                          const void *values, long long numbers,
                          const tk_axis *axes, int dims, int slow, int fast)
{
    tk_axis one[TK_MOST_LOOPS + TK_MOST_DIMS];
    long long apart = axes[slow].count * axes[fast].count;
    if (numbers == 0)
        return;
    char *taken = (char *)malloc((size_t)(numbers / apart) * size);
    for (long i = 0; taken != NULL && i < tk.pixels; i++) {
        long long found = 0;
        memcpy(one, axes, (size_t)dims * sizeof *one);
        one[slow].first = tk.pixel[2 * i];
        one[fast].first = tk.pixel[2 * i + 1];
        one[slow].count = one[fast].count = -1;
        for (long long n = 0; n < numbers; n++) {
            long long rest = n, components_count = numbers;
            int inside = 1;
            for (int d = 0; d < dims; d++)
                if (axes[d].count > 0)
                    components_count /= axes[d].count;
            rest /= components_count;
            for (int d = dims - 1; d >= 0; d--) {
                if (axes[d].count < 0)
                    continue;
                if (d == slow || d == fast)
                    inside = inside && axes[d].first + rest % axes[d].count ==
                                           one[d].first;
                rest /= axes[d].count;
            }
            if (inside)
                memcpy(taken + (size_t)found++ * size,
                       (const char *)values + (size_t)n * size, size);
        }
        if (found > 0)
            tk_box(name, unit, components, kind, size, taken, found, one,
                   dims);
    }
    free(taken);
}

TK_COLD void tk_array(const char *name, const char *unit, const char *dims,
                      tk_kind kind, size_t size, const void *values,
                      int rank, const long long *shape)
{
    tk_axis axes[TK_MOST_LOOPS + TK_MOST_DIMS];
    char words[256], components[64] = "";
    int count = tk_here.depth, slow = -1, fast = -1, named = 0;
    long long numbers = 1;
    if (!tk_selected(name) || !tk_words("an array", name, unit))
        return;
    memcpy(axes, tk_here.loop, (size_t)count * sizeof *axes);
    words[sizeof words - 1] = '\0';
    strncpy(words, dims, sizeof words - 1);
    for (char *c = words; *c != '\0' && named < rank; named++) {
        char *word = c + strspn(c, " ");
        c = word + strcspn(word, " ");
        if (*c != '\0')
            *c++ = '\0';
        if (*word == '\0')
            break;
        numbers *= shape[named];
        if (strcmp(word, "row") == 0 || strcmp(word, "column") == 0) {
            snprintf(components + strlen(components),
                     sizeof components - strlen(components), "%s%lld",
                     *components == '\0' ? "" : "x", shape[named]);
            continue;
        }
        if (strcmp(word, "xyz") == 0 || strcmp(word, "hkl") == 0 ||
            strcmp(word, "abc") == 0) {
            strcpy(components, word);
            continue;
        }
        int at = 0; /* a loop of this name says where the axis begins */
        while (at < count && strcmp(axes[at].dim, word) != 0)
            at++;
        if (at == count) {
            axes[count].dim = word;
            axes[count++].first = 0;
        } else if (at < count - 1) { /* axes follow the loops */
            tk_axis axis = axes[at];
            memmove(axes + at, axes + at + 1,
                    (size_t)(count - at - 1) * sizeof *axes);
            at = count - 1;
            axes[at] = axis;
        }
        axes[count - 1].count = shape[named];
    }
    if (named != rank) {
        tk_words("an array: its dims name fewer axes than it has", "", NULL);
        return;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(axes[i].dim, "slow") == 0 && axes[i].count >= 0)
            slow = i;
        if (strcmp(axes[i].dim, "fast") == 0 && axes[i].count >= 0)
            fast = i;
    }
    const char *labels = *components == '\0' ? NULL : components;
    if (slow >= 0 && fast >= 0 && tk.pixel != NULL)
        tk_pixels_of(name, unit, labels, kind, size, values, numbers, axes,
                     count, slow, fast);
    else
        tk_box(name, unit, labels, kind, size, values, numbers, axes, count);
}

TK_COLD void tk_open(FILE *log)
{
    tk.log = log;
    tk.path = NULL;
    tk_on = 1;
}

TK_COLD void tk_select(const char *taps, const long *pixel, long pixels)
{
    tk.taps = taps;
    tk.pixel = pixel;
    tk.pixels = pixels;
}

/* How many pairs the text holds, put where `pixel` points unless it is NULL;
 * -1 if it isn't pairs of whole numbers. */
TK_COLD long tk_read_pixels(const char *text, long *pixel)
{
    long numbers = 0;
    while (*(text += strspn(text, " ,;")) != '\0') {
        char *end;
        long number = strtol(text, &end, 10);
        if (end == text)
            return -1;
        if (pixel != NULL)
            pixel[numbers] = number;
        numbers++;
        text = end;
    }
    return numbers % 2 == 0 ? numbers / 2 : -1;
}

/* The log file, emptied; one a rank where an MPI launcher gives ranks. Each
 * write appends by itself, so a crash loses nothing. */
TK_COLD FILE *tk_open_log(const char *name)
{
    static const char *const ranks[] = {
        "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK",
        "MV2_COMM_WORLD_RANK", "SLURM_PROCID",
    };
    const char *rank = NULL, *tasks = getenv("SLURM_NTASKS");
    for (size_t i = 0; rank == NULL && i < 5; i++) {
        rank = getenv(ranks[i]);
        if (i == 4 && (tasks == NULL || atol(tasks) < 2))
            rank = NULL; /* a batch script is no rank */
    }
    if (rank == NULL || *rank == '\0' ||
        rank[strspn(rank, "0123456789")] != '\0')
        rank = NULL;
    size_t whole = strlen(name) + 32, stem = strlen(name);
    char *path = (char *)malloc(whole);
    if (path == NULL)
        return NULL;
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');
    if (dot != NULL && dot != name && (slash == NULL || dot > slash + 1))
        stem = (size_t)(dot - name);
    if (rank == NULL)
        snprintf(path, whole, "%s", name);
    else
        snprintf(path, whole, "%.*s.rank%.12s%s", (int)stem, name, rank,
                 name + stem);
    tk.path = path;
    tk.process = TK_PROCESS();
    FILE *log = fopen(path, "wb");
    if (log == NULL || fclose(log) != 0 ||
        (log = fopen(path, "ab")) == NULL) {
        fprintf(stderr, "tracekit.h: TRACEKIT_LOG=%s can't be written: %s; "
                "nothing is traced\n", path, strerror(errno));
        return NULL;
    }
    setvbuf(log, NULL, _IONBF, 0);
    if (rank != NULL)
        fprintf(log, "TRACEKIT config rank informative : %.12s\n", rank);
    return log;
}

TK_COLD void tk_start(void)
{
    if (tk.started)
        return;
    tk.started = 1;
    const char *name = getenv("TRACEKIT_LOG");
    const char *taps = getenv("TRACEKIT_TAPS");
    const char *pixels = getenv("TRACEKIT_PIXELS");
    const char *most = getenv("TRACEKIT_INLINE");
    if (taps != NULL && *taps == '\0')
        taps = NULL;
    if (pixels != NULL && *pixels == '\0')
        pixels = NULL;
    tk.inline_most = most == NULL ? 64 : atol(most);
    if (name == NULL || *name == '\0')
        name = taps != NULL || pixels != NULL ? "stderr" : NULL;
    if (name == NULL)
        return;
    long count = pixels == NULL ? 0 : tk_read_pixels(pixels, NULL);
    long *pairs = NULL;
    if (pixels != NULL && count > 0)
        pairs = (long *)malloc(2 * (size_t)count * sizeof *pairs);
    if (pixels != NULL && pairs == NULL) {
        fprintf(stderr, "tracekit.h: TRACEKIT_PIXELS=%s: expected pairs such "
                "as 10,52;0,3; nothing is traced\n", pixels);
        return;
    }
    if (strcmp(name, "stderr") == 0)
        tk.log = stderr;
    else if (strcmp(name, "stdout") == 0)
        tk.log = stdout;
    else
        tk.log = tk_open_log(name);
    if (tk.log == NULL) {
        free(pairs);
        return;
    }
    if (pairs != NULL)
        tk_read_pixels(pixels, pairs);
    tk_select(taps, pairs, count);
    if (taps != NULL)
        fprintf(tk.log, "TRACEKIT taps : %s\n", taps);
    tk_covers(pairs, count);
    tk_on = 1;
}

#ifdef TK_GNU
__attribute__((constructor)) static void tk_before_main(void)
{
    tk_start();
}
#endif

#ifdef __cplusplus
}
#endif

#endif /* implementation */
#endif /* TRACEKIT_H */

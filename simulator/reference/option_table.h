/* How one option of the command line is read. Used by options.c only. */
#ifndef OPTION_TABLE_H
#define OPTION_TABLE_H

#include <stddef.h>

#include "options.h"

/* How a number on the command line becomes one in internal units. */
typedef enum {
    PLAIN, MILLIMETRE, ANGSTROM, DEGREE, MILLIRADIAN, PERCENT, MICROMETRE,
    MICROMETRE_WATER, ELECTRONVOLT
} Conversion;

/* Options of a CUSTOM detector that also choose its pivot. */
typedef enum { KEEPS_PIVOT, PIVOTS_BEAM, PIVOTS_SAMPLE } PivotChoice;

typedef struct {
    int count, next; /* words, and the first one that isn't read yet */
    char **word;
    const char *option;
} Words;

typedef struct Option Option;
struct Option {
    const char *name;
    void (*read)(Options *options, const Option *option, Words *words);
    size_t field;         /* offset in Options */
    int values;           /* numbers on the command line */
    int copies;           /* consecutive fields that get the same number */
    Conversion conversion;
    PivotChoice pivot;
    long constant;        /* of a flag */
    const char *reason;   /* of a refusal */
};

extern const Option option_table[];
extern const size_t option_count;

void read_numbers(Options *, const Option *, Words *);
void read_integers(Options *, const Option *, Words *);
void read_seed(Options *, const Option *, Words *);
void read_text(Options *, const Option *, Words *);
void read_constant(Options *, const Option *, Words *);
void read_size(Options *, const Option *, Words *);
void read_pgm_file(Options *, const Option *, Words *);
void read_pgm_scale(Options *, const Option *, Words *);
void read_cell(Options *, const Option *, Words *);
void read_misset(Options *, const Option *, Words *);
void read_polarization(Options *, const Option *, Words *);
void read_pivot(Options *, const Option *, Words *);
void read_axis(Options *, const Option *, Words *);
void read_attenuation(Options *, const Option *, Words *);
void read_divergence(Options *, const Option *, Words *);
void read_curved(Options *, const Option *, Words *);
void read_trace_pixel(Options *, const Option *, Words *);
void read_and_ignore(Options *, const Option *, Words *);
void read_unused_number(Options *, const Option *, Words *);
void refuse(Options *, const Option *, Words *);

#endif

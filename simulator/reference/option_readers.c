/* One function for each way in which an option is read. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "option_table.h"

static const char *next_word(Words *words)
{
    if (words->next >= words->count)
        fail("%s: a value is missing at the end of the command line",
             words->option);
    return words->word[words->next++];
}

/* Whether the whole word is a number, not a hexadecimal one, with which
 * nothing overflows; if so, the number. */
static int number_in(const char *word, double *number)
{
    char *end;
    *number = strtod(word, &end);
    return end != word && *end == '\0' && fabs(*number) <= 1e35 &&
           strpbrk(word, "xX") == NULL;
}

static double next_number(Words *words)
{
    const char *word = next_word(words);
    double number;
    if (!number_in(word, &number))
        fail("%s: expected a number within +-1e35, found '%s'",
             words->option, word);
    return number;
}

/* As atoi takes it: what stands before a decimal point. At an exponent atoi
 * would stop, too, which nobody means. */
static long next_integer(Words *words)
{
    double number = next_number(words);
    const char *word = words->word[words->next - 1];
    if (strpbrk(word, "eE") != NULL || fabs(number) > INT_MAX)
        fail("%s: expected a whole number within 32 bits, found '%s'",
             words->option, word);
    return (long)number;
}

/* The divisions are nanoBragg's: x/1000 and x*0.001 differ in a last bit. */
static double converted(Conversion conversion, double number)
{
    switch (conversion) {
    case MILLIMETRE:
    case MILLIRADIAN: return number / 1000.0;
    case ANGSTROM: return number / 1e10;
    case DEGREE: return number / DEGREES_PER_RADIAN;
    case PERCENT: return number / 100.0;
    case MICROMETRE: return number * 1e-6;
    case MICROMETRE_WATER: return number / 1e6;
    case ELECTRONVOLT: return 12398.42 / number / 1e10;
    default: return number;
    }
}

static void choose_pivot(Options *options, PivotChoice choice)
{
    if (choice != KEEPS_PIVOT)
        options->pivot = choice == PIVOTS_BEAM ? BEAM_PIVOT : SAMPLE_PIVOT;
}

void read_numbers(Options *options, const Option *option, Words *words)
{
    double *field = (double *)((char *)options + option->field);
    for (int i = 0; i < option->values; i++) {
        double number = converted(option->conversion, next_number(words));
        for (int copy = 0; copy < option->copies; copy++)
            *field++ = number;
    }
    choose_pivot(options, option->pivot);
}

void read_integers(Options *options, const Option *option, Words *words)
{
    long *field = (long *)((char *)options + option->field);
    for (int i = 0; i < option->values; i++) {
        long number = next_integer(words);
        for (int copy = 0; copy < option->copies; copy++)
            *field++ = number;
    }
}

/* A seed is negated: the generator starts anew from a negative state. */
void read_seed(Options *options, const Option *option, Words *words)
{
    *(long *)((char *)options + option->field) = -next_integer(words);
}

void read_text(Options *options, const Option *option, Words *words)
{
    *(const char **)((char *)options + option->field) = next_word(words);
}

void read_constant(Options *options, const Option *option, Words *words)
{
    (void)words;
    *(long *)((char *)options + option->field) = option->constant;
    choose_pivot(options, option->pivot);
}

/* A beginning of -xtalsize_x is -xtalsize, which means all three. */
void read_size(Options *options, const Option *option, Words *words)
{
    double size = next_number(words) / 1000.0;
    for (int i = 0; i < 3; i++)
        if (option->constant == i ||
            quirk_on(&options->quirks, NAMES_FOUND_BY_PART))
            options->sample[i] = size;
}

/* Both names for PGM take an earlier -nopgm back. */
void read_pgm_file(Options *options, const Option *option, Words *words)
{
    options->pgm = 1;
    read_text(options, option, words);
}

void read_pgm_scale(Options *options, const Option *option, Words *words)
{
    options->pgm = 1;
    read_numbers(options, option, words);
}

/* Up to six numbers; those that aren't given count as missing. */
void read_cell(Options *options, const Option *option, Words *words)
{
    (void)option;
    double number = next_number(words);
    for (int i = 0; i < 6; i++)
        options->cell[i] = 0.0;
    options->cell[0] = number;
    for (int i = 1; i < 6 && words->next < words->count &&
                    words->word[words->next][0] != '-' &&
                    number_in(words->word[words->next], &number); i++) {
        options->cell[i] = number;
        words->next++;
    }
    options->have_cell = 1;
}

void read_misset(Options *options, const Option *option, Words *words)
{
    options->misset_random =
        words->next < words->count &&
        strcmp(words->word[words->next], "random") == 0;
    if (options->misset_random)
        words->next++;
    else
        read_numbers(options, option, words);
}

/* Takes an earlier -nopolar back. */
void read_polarization(Options *options, const Option *option, Words *words)
{
    (void)option;
    options->polarization = next_number(words);
    options->no_polarization = 0;
}

void read_pivot(Options *options, const Option *option, Words *words)
{
    (void)option;
    const char *word = next_word(words);
    if (strcmp(word, "beam") == 0)
        options->pivot = BEAM_PIVOT;
    else if (strcmp(word, "sample") == 0)
        options->pivot = SAMPLE_PIVOT;
    else
        fail("-pivot: expected beam or sample, found '%s'", word);
}

/* Any of the detector's vectors makes the convention CUSTOM. */
void read_axis(Options *options, const Option *option, Words *words)
{
    double x = next_number(words), y = next_number(words);
    options->axis[option->constant] = (Vec3){x, y, next_number(words)};
    options->have_axis[option->constant] = 1;
    options->convention = CUSTOM;
    if (option->constant == AXIS_TWOTHETA &&
        quirk_on(&options->quirks, NAMES_FOUND_BY_PART)) {
        options->twotheta = converted(DEGREE, x);
        options->pivot = SAMPLE_PIVOT;
    }
}

void read_attenuation(Options *options, const Option *option, Words *words)
{
    (void)option;
    double depth = INFINITY;
    if (words->next < words->count &&
        strcmp(words->word[words->next], "inf") == 0)
        words->next++;
    else
        depth = next_number(words);
    if (isinf(depth) || depth == 0.0)
        options->thickness = options->attenuation = 0.0;
    else
        options->attenuation = 1.0 / (depth * 1e-6);
}

/* Both directions at once; the constant tells the range from the count. */
void read_divergence(Options *options, const Option *option, Words *words)
{
    Range *divergence = options->divergence;
    if (option->constant)
        divergence[0].count = divergence[1].count = next_integer(words);
    else
        divergence[0].width = divergence[1].width =
            converted(MILLIRADIAN, next_number(words));
}

/* Whether nanoBragg would see it: not as the last word. */
void read_curved(Options *options, const Option *option, Words *words)
{
    (void)option;
    if (words->next < words->count)
        options->curved = 1;
    else
        options->curved_is_last = true;
}

/* The constant says that the fast index comes first. */
void read_trace_pixel(Options *options, const Option *option, Words *words)
{
    long first = next_integer(words), second = next_integer(words);
    int count = options->trace_count++;
    options->trace_pixels =
        reallocate(options->trace_pixels, (size_t)count + 1,
                   sizeof *options->trace_pixels);
    options->trace_pixels[count][0] = option->constant ? second : first;
    options->trace_pixels[count][1] = option->constant ? first : second;
}

void read_and_ignore(Options *options, const Option *option, Words *words)
{
    (void)options;
    for (int i = 0; i < option->values; i++)
        next_word(words);
}

void read_unused_number(Options *options, const Option *option, Words *words)
{
    (void)options;
    (void)option;
    next_number(words);
}

void refuse(Options *options, const Option *option, Words *words)
{
    (void)options;
    fail("%s: %s", words->option, option->reason);
}

#include "options.h"

#include <string.h>
#include <time.h>

#include "failure.h"
#include "option_table.h"

static const Options defaults = {
    .fudge = 1.0,
    .cells = {1, 1, 1},
    .mosaic_seed = -12345678,
    .mosaic_spread = -1.0,
    .mosaic_domains = -1,
    .phi_range = {-1.0, -1.0, -1},
    .interpolate = 2,
    .wavelength = 1e-10,
    .fluence = 125932015286227086360700780544.0,
    .exposure = 1.0,
    .beam_size = 1e-4,
    .divergence = {{-1.0, -1.0, -1}, {-1.0, -1.0, -1}},
    .dispersion = {0.0, -1.0, -1},
    .round_divergence = 1,
    .convention = MOSFLM,
    .pivot = BEAM_PIVOT,
    .distance = 0.1,
    .close_distance = NAN,
    .extent = {0.1024, 0.1024},
    .pixel_size = 1e-4,
    .beam_centre = {NAN, NAN},
    .close = {NAN, NAN},
    .origin = {NAN, NAN},
    .attenuation = -1.0,
    .layers = -1,
    .oversample = -1,
    .roi = {-1, -1, -1, -1},
    .adc = 40.0,
    .pgm = 1,
};

static const Option *find(const char *name)
{
    for (size_t i = 0; i < option_count; i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

/* As the last word, the option has no effect unless the quirk is off. */
static void settle_curved(Options *options)
{
    if (!options->curved_is_last)
        return;
    if (quirk_on(&options->quirks, CURVED_DET_NEEDS_FOLLOWER))
        warn("-curved_det has no effect as the last word (as in "
             "nanoBragg): put it before another option");
    else
        options->curved = 1;
}

/* What can't be simulated is said here, before any file is read. */
static void check(const Options *options)
{
    if (!options->have_cell && options->matrix_file == NULL)
        fail("no unit cell: give -cell A B C ALPHA BETA GAMMA or -mat FILE");
    if (options->have_cell && !(options->cell[0] > 0.0))
        fail("-cell: the first edge must be above 0 angstrom");
    if (!(options->wavelength > 0.0 && isfinite(options->wavelength)))
        fail("-lambda: the wavelength must be above 0");
    if (!(options->pixel_size > 0.0))
        fail("-pixel: the size must be above 0");
    if (options->thickness < 0.0)
        fail("-detector_thick: the sensor's thickness can't be negative");
}

void options_read(Options *options, int argc, char **argv)
{
    Words words = {.count = argc, .next = 1, .word = argv};
    *options = defaults;
    options->misset_seed = -(long)time(NULL);
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "-without") == 0)
            quirks_without(&options->quirks, argv[i + 1]);
    while (words.next < words.count) {
        words.option = argv[words.next++];
        const Option *option = find(words.option);
        if (option == NULL)
            fail("unknown option '%s' (word %d of the command line)",
                 words.option, words.next - 1);
        option->read(options, option, &words);
    }
    settle_curved(options);
    if (!options->pgm)
        options->pgm_file = NULL;
    check(options);
}

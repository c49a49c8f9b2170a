/* nanoBragg's physics as one C program that prints what it does.
 *
 * It takes nanoBragg's options and writes its image; the lines on stdout
 * are a trace in tracekit's grammar. See simulator/README.md.
 */
#include <stdlib.h>

#include "diffract.h"
#include "failure.h"
#include "image.h"
#include "trace.h"

static void trace_outputs(const Options *options)
{
    const char *const names[] = {options->image_file, options->float_file,
                                 options->integer_file, options->pgm_file};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i] != NULL)
            trace_file("output", names[i]);
}

int main(int argc, char **argv)
{
    Options options;
    Experiment experiment;
    options_read(&options, argc, argv);
    trace_select(options.taps, (const long(*)[2])options.trace_pixels,
                 options.trace_count);
    trace_arguments(argc, argv);
    experiment_prepare(&experiment, &options);
    experiment_describe(&experiment, &options);
    trace_outputs(&options);
    trace_covers();
    const long *count = experiment.detector.count;
    double *image = allocate((size_t)(count[0] * count[1]), sizeof *image);
    diffract(&experiment, image);
    if (experiment.whole_image)
        image_write(&experiment, &options, image);
    free(image);
    return 0;
}

/* The image files: .npy, raw floats, SMV integers and PGM. */
#ifndef IMAGE_H
#define IMAGE_H

#include "experiment.h"

/* Write every image file that the options name.
 * image: [slow][fast], photons. */
void image_write(const Experiment *experiment, const Options *options,
                 const double *image);

#endif

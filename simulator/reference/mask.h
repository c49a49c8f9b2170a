/* The mask: an SMV image whose zero pixels are left out. */
#ifndef MASK_H
#define MASK_H

/* Returns [slow][fast], 1 where the pixel is left out.
 * count: the detector's pixels, fast and slow, which the mask must have. */
unsigned char *mask_read(const char *name, const long count[2]);

#endif

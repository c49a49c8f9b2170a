/* Sources from a text file, one a line: X Y Z weight wavelength. */
#ifndef SOURCE_FILE_H
#define SOURCE_FILE_H

#include "vector.h"

typedef struct {
    Vec3 position;        /* metre; only the direction matters */
    double wavelength;    /* metre */
} SourceLine;

typedef struct {
    long count;
    SourceLine *line;
} SourceFile;

/* beam, wavelength: what a line's missing columns stand for. The weights
 * have no effect in nanoBragg and are only checked to be numbers. */
SourceFile source_file_read(const char *name, Vec3 beam, double wavelength);

#endif

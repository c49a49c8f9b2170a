#include "source_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

enum { COLUMNS = 5, LINE_LENGTH = 4096 };

/* Returns how many columns the line has. */
static int split(char *text, double column[COLUMNS], const char *name,
                 long number)
{
    static const char separators[] = " \t,;:!\r\n";
    int count = 0;
    for (char *word = strtok(text, separators); word != NULL;
         word = strtok(NULL, separators)) {
        char *end;
        if (count == COLUMNS)
            break; /* nanoBragg reads no further either */
        column[count++] = strtod(word, &end);
        if (*end != '\0' || !(fabs(column[count - 1]) <= 1e35) ||
            strpbrk(word, "xX") != NULL)
            fail("-sourcefile: %s:%ld: expected numbers (X Y Z weight "
                 "wavelength), found '%s'", name, number, word);
    }
    return count;
}

SourceFile source_file_read(const char *name, Vec3 beam, double wavelength)
{
    char text[LINE_LENGTH];
    SourceFile sources = {0, NULL};
    FILE *file = fopen(name, "r");
    if (file == NULL)
        fail("-sourcefile: can't read '%s'", name);
    for (long number = 1; fgets(text, sizeof text, file); number++) {
        double column[COLUMNS] = {-10.0 * beam.x, -10.0 * beam.y,
                                  -10.0 * beam.z, 1.0, wavelength};
        if (split(text, column, name, number) == 0)
            continue;
        sources.line = reallocate(sources.line, (size_t)sources.count + 1,
                                  sizeof *sources.line);
        sources.line[sources.count++] = (SourceLine){
            {column[0], column[1], column[2]}, column[4]};
    }
    fclose(file);
    if (sources.count == 0)
        fail("-sourcefile: '%s' holds no source", name);
    return sources;
}

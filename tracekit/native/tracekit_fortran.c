/* The calls of tracekit.h for Fortran, and what tracekit.f90 needs besides.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tracekit.h"

int tk_fortran_on(void);
int tk_fortran_live(void);
void tk_fortran_index(const char *dim, long long index);

int tk_fortran_on(void)
{
    return tk_on;
}

int tk_fortran_live(void)
{
    return tk_on && !tk_here.skip;
}

/* A loop's name must stay where it is while the loop runs; Fortran's doesn't,
 * so each thread keeps the names that it has met. */
void tk_fortran_index(const char *dim, long long index)
{
    static TK_THREAD char names[4 * TK_MOST_LOOPS][64];
    int place = 0;
    while (place < 4 * TK_MOST_LOOPS && names[place][0] != '\0' &&
           strcmp(names[place], dim) != 0)
        place++;
    if (place == 4 * TK_MOST_LOOPS || strlen(dim) >= sizeof names[0]) {
        tk_words("an index: too many loops, or too long a name", "", NULL);
        return;
    }
    strcpy(names[place], dim);
    tk_index(names[place], index);
}

/* heat N STEPS: heat spreads in a square plate of N x N cells.
 *
 * A program like many: loops over arrays, a printed summary. The five lines
 * that end in "tap" were added to it; without TRACEKIT_LOG they do nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include "tracekit.h" /* tap */

static const double diffusivity = 1e-4; /* m^2/s */
static const double cell = 0.01;        /* m */
static const double interval = 0.1;     /* s */

/* The sum over the four neighbours, by the cell's area; 0 at the edge. */
static void curvature(const double *T, double *out, int n)
{
    for (int y = 1; y < n - 1; y++)
        for (int x = 1; x < n - 1; x++) {
            const double *here = T + y * n + x;
            double around = here[-n] + here[n] + here[-1] + here[1];
            out[y * n + x] = (around - 4.0 * *here) / (cell * cell);
        }
}

static void advance(double *T, const double *bend, int n)
{
    for (int i = 0; i < n * n; i++)
        T[i] += diffusivity * interval * bend[i];
}

/* A warm corner and a hot spot. */
static void begin(double *T, int n)
{
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++)
            T[y * n + x] = 293.0 + 10.0 * (double)(x * y) / (n * n);
    T[n / 2 * n + n / 3] = 500.0;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 32;
    int steps = argc > 2 ? atoi(argv[2]) : 10;
    double *T = calloc((size_t)n * (size_t)n, sizeof *T);
    double *bend = calloc((size_t)n * (size_t)n, sizeof *bend);
    if (n < 3 || T == NULL || bend == NULL)
        return 1;
    TK_CONFIG("diffusivity", diffusivity, "m^2/s"); /* tap */
    begin(T, n);
    for (int step = 0; step < steps; step++) {
        TK_INDEX("step", step); /* tap */
        curvature(T, bend, n);
        TK_ARRAY2("curvature", bend, "y x", n, n, "K/m^2"); /* tap */
        advance(T, bend, n);
        TK_ARRAY2("T", T, "y x", n, n, "K"); /* tap */
    }
    printf("T in the middle: %g K\n", T[n / 2 * n + n / 2]);
    free(T);
    free(bend);
    return 0;
}

/* What is a bug of nanoBragg: each has a name and a switch.
 *
 * All are on by default, for this program is the original's twin;
 * -without NAME turns one off. simulator/quirks.py has the same names, and
 * says what each does.
 */
#ifndef QUIRKS_H
#define QUIRKS_H

#include <stdbool.h>

typedef enum {
    PHI_CARRY_OVER, INTERPOLATION_SWITCH_OFF, RUNNING_SUM, FDUMP_REUSE,
    RENORMALISED_DIRECTION, RANDOM_MISSET_RADIAN, CURVED_DET_NEEDS_FOLLOWER,
    RESCALED_C_STAR, REPEATED_LAYER_STEP, NAMES_FOUND_BY_PART, QUIRKS
} Quirk;

typedef struct {
    bool off[QUIRKS];
} Quirks;

static inline bool quirk_on(const Quirks *quirks, Quirk quirk)
{
    return !quirks->off[quirk];
}

/* Turn the named one off; stops the program where there is none. */
void quirks_without(Quirks *quirks, const char *name);

/* State in the configuration which ones are on. */
void quirks_describe(const Quirks *quirks);

#endif

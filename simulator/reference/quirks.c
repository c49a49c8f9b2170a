#include "quirks.h"

#include <string.h>

#include "failure.h"
#include "trace.h"

enum { ROOM = 512 }; /* for all names in one line */

static const char *const names[QUIRKS] = {
    [PHI_CARRY_OVER] = "phi_carry_over",
    [INTERPOLATION_SWITCH_OFF] = "interpolation_switch_off",
    [RUNNING_SUM] = "running_sum",
    [FDUMP_REUSE] = "fdump_reuse",
    [RENORMALISED_DIRECTION] = "renormalised_direction",
    [RANDOM_MISSET_RADIAN] = "random_misset_radian",
    [CURVED_DET_NEEDS_FOLLOWER] = "curved_det_needs_follower",
    [RESCALED_C_STAR] = "rescaled_c_star",
    [REPEATED_LAYER_STEP] = "repeated_layer_step",
    [NAMES_FOUND_BY_PART] = "names_found_by_part",
};

/* The names of those that aren't off. */
static void list(const Quirks *quirks, char text[ROOM])
{
    text[0] = '\0';
    for (int i = 0; i < QUIRKS; i++) {
        if (quirks->off[i])
            continue;
        if (text[0] != '\0')
            strcat(text, " ");
        strcat(text, names[i]);
    }
}

void quirks_without(Quirks *quirks, const char *name)
{
    char known[ROOM];
    for (int i = 0; i < QUIRKS; i++)
        if (strcmp(names[i], name) == 0) {
            quirks->off[i] = true;
            return;
        }
    list(&(Quirks){{false}}, known);
    fail("-without %s: no quirk has this name; the names are %s", name,
         known);
}

void quirks_describe(const Quirks *quirks)
{
    char text[ROOM];
    list(quirks, text);
    trace_config_text("quirks", text[0] != '\0' ? text : "none");
}

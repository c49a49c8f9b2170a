/* Physical constants, with nanoBragg's digits. */
#ifndef CONSTANTS_H
#define CONSTANTS_H

/* Thomson's cross section unit, metre^2. Not the square of the CODATA
 * electron radius: it differs by 6e-7. */
static const double r_e_squared = 7.94079248018965e-30;

static const double avogadro = 6.02214179e23;

#endif

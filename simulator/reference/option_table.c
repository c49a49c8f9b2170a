/* The options, by subject. The columns are those of struct Option. */
#include "option_table.h"

#define AT(member) offsetof(Options, member)
#define NUMBER_OF(name, member, conversion) \
    {name, read_numbers, AT(member), 1, 1, conversion, KEEPS_PIVOT, 0, NULL}
#define NUMBERS_OF(name, member, values, copies, conversion)             \
    {name, read_numbers, AT(member), values, copies, conversion,         \
     KEEPS_PIVOT, 0, NULL}
#define PIVOTING(name, member, conversion, pivot) \
    {name, read_numbers, AT(member), 1, 1, conversion, pivot, 0, NULL}
#define INTEGERS_OF(name, member, values, copies) \
    {name, read_integers, AT(member), values, copies, PLAIN, KEEPS_PIVOT, \
     0, NULL}
#define FLAG(name, member, value) \
    {name, read_constant, AT(member), 0, 0, PLAIN, KEEPS_PIVOT, value, NULL}
/* The pivot is that of a CUSTOM that follows; others are forced later. */
#define CONVENTION(name, value, pivot)                               \
    {name, read_constant, AT(convention), 0, 0, PLAIN, pivot, value, \
     NULL}
#define TEXT_OF(name, member) \
    {name, read_text, AT(member), 1, 0, PLAIN, KEEPS_PIVOT, 0, NULL}
#define SPECIAL(name, reader, value) \
    {name, reader, 0, 0, 0, PLAIN, KEEPS_PIVOT, value, NULL}
#define IGNORED(name, values) \
    {name, read_and_ignore, 0, values, 0, PLAIN, KEEPS_PIVOT, 0, NULL}
#define REFUSED(name, reason) \
    {name, refuse, 0, 0, 0, PLAIN, KEEPS_PIVOT, 0, reason}

#define NO_NOISE "noise images are not made here; leave it out"
#define NO_HEADER "geometry isn't read from images; give it as options"
#define NO_COHERENT "coherent sources are not simulated here"

const Option option_table[] = {
    /* crystal */
    SPECIAL("-cell", read_cell, 0),
    TEXT_OF("-mat", matrix_file),
    {"-misset", read_misset, AT(misset), 3, 1, DEGREE, KEEPS_PIVOT, 0, NULL},
    {"-misset_seed", read_seed, AT(misset_seed), 1, 1, PLAIN, KEEPS_PIVOT, 0,
     NULL},
    {"-mosaic_seed", read_seed, AT(mosaic_seed), 1, 1, PLAIN, KEEPS_PIVOT, 0,
     NULL},
    INTEGERS_OF("-N", cells, 1, 3),
    INTEGERS_OF("-Na", cells[0], 1, 1),
    INTEGERS_OF("-Nb", cells[1], 1, 1),
    INTEGERS_OF("-Nc", cells[2], 1, 1),
    NUMBERS_OF("-xtalsize", sample, 1, 3, MILLIMETRE),
    NUMBERS_OF("-samplesize", sample, 1, 3, MILLIMETRE),
    NUMBERS_OF("-xtal_size", sample, 1, 3, MILLIMETRE),
    NUMBERS_OF("-sample_size", sample, 1, 3, MILLIMETRE),
    SPECIAL("-xtalsize_x", read_size, 0),
    SPECIAL("-xtalsize_y", read_size, 1),
    SPECIAL("-xtalsize_z", read_size, 2),
    SPECIAL("-samplesize_x", read_size, 0),
    SPECIAL("-samplesize_y", read_size, 1),
    SPECIAL("-samplesize_z", read_size, 2),
    NUMBER_OF("-xtal_x", sample[0], MILLIMETRE),
    NUMBER_OF("-xtal_y", sample[1], MILLIMETRE),
    NUMBER_OF("-xtal_z", sample[2], MILLIMETRE),
    NUMBER_OF("-sample_x", sample[0], MILLIMETRE),
    NUMBER_OF("-sample_y", sample[1], MILLIMETRE),
    NUMBER_OF("-sample_z", sample[2], MILLIMETRE),
    NUMBER_OF("-xtal_thick", sample[0], MILLIMETRE),
    NUMBER_OF("-xtal_width", sample[1], MILLIMETRE),
    NUMBER_OF("-xtal_height", sample[2], MILLIMETRE),
    NUMBER_OF("-sample_thick", sample[0], MILLIMETRE),
    NUMBER_OF("-sample_width", sample[1], MILLIMETRE),
    NUMBER_OF("-sample_height", sample[2], MILLIMETRE),
    NUMBER_OF("-width", sample[1], MILLIMETRE),
    NUMBER_OF("-height", sample[2], MILLIMETRE),
    FLAG("-square_xtal", shape, SQUARE),
    FLAG("-round_xtal", shape, ROUND),
    FLAG("-gauss_xtal", shape, GAUSS),
    FLAG("-tophat_spots", shape, TOPHAT),
    FLAG("-binary_spots", shape, TOPHAT),
    NUMBER_OF("-fudge", fudge, PLAIN),
    NUMBER_OF("-mosaic", mosaic_spread, DEGREE),
    NUMBER_OF("-mosaic_spread", mosaic_spread, DEGREE),
    NUMBER_OF("-mosaicity", mosaic_spread, DEGREE),
    INTEGERS_OF("-mosaic_domains", mosaic_domains, 1, 1),
    NUMBER_OF("-phi", phi, DEGREE),
    NUMBER_OF("-osc", phi_range.width, DEGREE),
    NUMBER_OF("-phistep", phi_range.step, DEGREE),
    INTEGERS_OF("-phisteps", phi_range.count, 1, 1),
    NUMBER_OF("-water", water, MICROMETRE_WATER),

    /* structure factors */
    TEXT_OF("-hkl", hkl_file),
    NUMBER_OF("-default_F", default_F, PLAIN),
    FLAG("-interpolate", interpolate, 1),
    FLAG("-nointerpolate", interpolate, 0),
    NUMBER_OF("-dmin", d_min, ANGSTROM),

    /* beam */
    NUMBER_OF("-lambda", wavelength, ANGSTROM),
    NUMBER_OF("-wave", wavelength, ANGSTROM),
    NUMBER_OF("-wavelength", wavelength, ANGSTROM),
    NUMBER_OF("-energy", wavelength, ELECTRONVOLT),
    NUMBER_OF("-fluence", fluence, PLAIN),
    NUMBER_OF("-flux", flux, PLAIN),
    NUMBER_OF("-exposure", exposure, PLAIN),
    NUMBER_OF("-beamsize", beam_size, MILLIMETRE),
    SPECIAL("-polar", read_polarization, 0),
    FLAG("-nopolar", no_polarization, 1),
    NUMBER_OF("-dispersion", dispersion.width, PERCENT),
    INTEGERS_OF("-dispsteps", dispersion.count, 1, 1),
    NUMBER_OF("-hdivrange", divergence[0].width, MILLIRADIAN),
    NUMBER_OF("-vdivrange", divergence[1].width, MILLIRADIAN),
    NUMBER_OF("-hdivstep", divergence[0].step, MILLIRADIAN),
    NUMBER_OF("-vdivstep", divergence[1].step, MILLIRADIAN),
    INTEGERS_OF("-hdivsteps", divergence[0].count, 1, 1),
    INTEGERS_OF("-vdivsteps", divergence[1].count, 1, 1),
    SPECIAL("-divergence", read_divergence, 0),
    SPECIAL("-divsteps", read_divergence, 1),
    FLAG("-round_div", round_divergence, 1),
    FLAG("-square_div", round_divergence, 0),
    TEXT_OF("-sourcefile", source_file),
    SPECIAL("-source_distance", read_unused_number, 0),

    /* detector */
    CONVENTION("-mosflm", MOSFLM, PIVOTS_BEAM),
    CONVENTION("-denzo", DENZO, PIVOTS_BEAM),
    CONVENTION("-adxv", ADXV, PIVOTS_BEAM),
    CONVENTION("-xds", XDS, PIVOTS_SAMPLE),
    CONVENTION("-dials", DIALS, PIVOTS_BEAM),
    SPECIAL("-pivot", read_pivot, 0),
    SPECIAL("-fdet_vector", read_axis, AXIS_FAST),
    SPECIAL("-sdet_vector", read_axis, AXIS_SLOW),
    SPECIAL("-odet_vector", read_axis, AXIS_NORMAL),
    SPECIAL("-beam_vector", read_axis, AXIS_BEAM),
    SPECIAL("-polar_vector", read_axis, AXIS_POLARIZATION),
    SPECIAL("-spindle_axis", read_axis, AXIS_SPINDLE),
    SPECIAL("-twotheta_axis", read_axis, AXIS_TWOTHETA),
    SPECIAL("-pix0_vector", read_axis, AXIS_PIX0),
    PIVOTING("-distance", distance, MILLIMETRE, PIVOTS_BEAM),
    PIVOTING("-close_distance", close_distance, MILLIMETRE, PIVOTS_SAMPLE),
    PIVOTING("-Xbeam", beam_centre[0], MILLIMETRE, PIVOTS_BEAM),
    PIVOTING("-Ybeam", beam_centre[1], MILLIMETRE, PIVOTS_BEAM),
    PIVOTING("-Xclose", close[0], MILLIMETRE, PIVOTS_SAMPLE),
    PIVOTING("-Yclose", close[1], MILLIMETRE, PIVOTS_SAMPLE),
    PIVOTING("-ORGX", origin[0], PLAIN, PIVOTS_SAMPLE),
    PIVOTING("-ORGY", origin[1], PLAIN, PIVOTS_SAMPLE),
    NUMBER_OF("-detector_rotx", rotation[0], DEGREE),
    NUMBER_OF("-detector_roty", rotation[1], DEGREE),
    NUMBER_OF("-detector_rotz", rotation[2], DEGREE),
    PIVOTING("-twotheta", twotheta, DEGREE, PIVOTS_SAMPLE),
    NUMBERS_OF("-detsize", extent, 1, 2, MILLIMETRE),
    NUMBER_OF("-detsize_f", extent[0], MILLIMETRE),
    NUMBER_OF("-detsize_s", extent[1], MILLIMETRE),
    INTEGERS_OF("-detpixels", pixels, 1, 2),
    INTEGERS_OF("-detpixels_f", pixels[0], 1, 1),
    INTEGERS_OF("-detpixels_x", pixels[0], 1, 1),
    INTEGERS_OF("-detpixels_s", pixels[1], 1, 1),
    INTEGERS_OF("-detpixels_y", pixels[1], 1, 1),
    NUMBER_OF("-pixel", pixel_size, MILLIMETRE),
    SPECIAL("-detector_abs", read_attenuation, 0),
    SPECIAL("-detector_absorb", read_attenuation, 0),
    NUMBER_OF("-detector_thick", thickness, MICROMETRE),
    INTEGERS_OF("-detector_thicksteps", layers, 1, 1),
    INTEGERS_OF("-thicksteps", layers, 1, 1),
    SPECIAL("-curved_det", read_curved, 0),
    FLAG("-point_pixel", point_pixel, 1),
    INTEGERS_OF("-oversample", oversample, 1, 1),
    FLAG("-oversample_thick", oversample_thick, 1),
    FLAG("-oversample_polar", oversample_polar, 1),
    FLAG("-oversample_omega", oversample_omega, 1),
    INTEGERS_OF("-roi", roi, 4, 1),
    TEXT_OF("-mask", mask_file),

    /* output; -image, -taps and the repeatable -trace_pixel and -without
     * are ours */
    TEXT_OF("-image", image_file),
    TEXT_OF("-floatfile", float_file),
    TEXT_OF("-floatimage", float_file),
    TEXT_OF("-intfile", integer_file),
    TEXT_OF("-intimage", integer_file),
    {"-pgmfile", read_pgm_file, AT(pgm_file), 1, 0, PLAIN, KEEPS_PIVOT, 0,
     NULL},
    {"-pgmimage", read_pgm_file, AT(pgm_file), 1, 0, PLAIN, KEEPS_PIVOT, 0,
     NULL},
    FLAG("-nopgm", pgm, 0),
    NUMBER_OF("-scale", scale, PLAIN),
    NUMBER_OF("-adc", adc, PLAIN),
    {"-pgmscale", read_pgm_scale, AT(pgm_scale), 1, 1, PLAIN, KEEPS_PIVOT, 0,
     NULL},
    SPECIAL("-trace_pixel", read_trace_pixel, 0),
    SPECIAL("-printout_pixel", read_trace_pixel, 1),
    TEXT_OF("-taps", taps),
    IGNORED("-without", 1), /* what options mean depends on it: read first */

    /* nothing here depends on these */
    {"-seed", read_seed, AT(seed), 1, 1, PLAIN, KEEPS_PIVOT, 0, NULL},
    IGNORED("-stol", 1),
    IGNORED("-4stol", 1),
    IGNORED("-Q", 1),
    IGNORED("-stolout", 1),
    SPECIAL("-density", read_unused_number, 0),
    SPECIAL("-sample_density", read_unused_number, 0),
    SPECIAL("-MW", read_unused_number, 0),
    SPECIAL("-molecular_weight", read_unused_number, 0),
    IGNORED("-printout", 0),
    IGNORED("-nonoise", 0),
    IGNORED("-progress", 0),
    IGNORED("-noprogress", 0),
    REFUSED("-noisefile", NO_NOISE),
    REFUSED("-noiseimage", NO_NOISE),
    REFUSED("-img", NO_HEADER),
    REFUSED("-coherent", NO_COHERENT),
};

const size_t option_count = sizeof option_table / sizeof option_table[0];

-- One row a pair of taps whose numbers meet by position: the n-th of one side
-- and the n-th of the other are at the same coordinate.
--
-- So it is where both sides store the same grid and ordinals, which the
-- stored hashes of their keys tell without reading a number. Small taps are
-- compared by key all the same; the rows of aligned don't depend on it. The
-- variable by_position says from how many numbers on.
--
-- Columns
-- pair, tap                 the pair of taps
-- actual_tap, expected_tap  tap numbers in their traces
-- slow, fast                see pair_pixel
-- elements                  how many numbers each side has
-- kind                      what they are: float, int, uint or bool
-- rtol, atol, max_ulps, precision  see pair
-- same                      both sides hold the same values, as hashes tell
-- known                     and what there is to say of them stands in the
--                           table of taps (see _equal_tap)
-- dense                     they fill their grid
-- plain                     floats that are compared as they lie there
-- quick                     and each alone, not as a part of its vector
CREATE OR REPLACE MACRO _meet_floats(number, actual, expected) AS TABLE
SELECT
    number AS pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a."float"::DOUBLE AS actual_value, NULL::HUGEINT AS actual_exact,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e."float"::DOUBLE AS expected_value, NULL::HUGEINT AS expected_exact
FROM query_table(actual) AS a
POSITIONAL JOIN query_table(expected) AS e;

CREATE OR REPLACE MACRO _meet_integers(number, actual, expected) AS TABLE
SELECT
    number AS pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a."integer"::DOUBLE AS actual_value, a."integer"::HUGEINT AS actual_exact,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e."integer"::DOUBLE AS expected_value,
    e."integer"::HUGEINT AS expected_exact
FROM query_table(actual) AS a
POSITIONAL JOIN query_table(expected) AS e;

-- numbers that were picked among those of plain pairs
CREATE OR REPLACE MACRO _meet_rows(picked) AS TABLE
SELECT
    p.tap, x.slow AS slow_axis, x.fast AS fast_axis, m.pair,
    m.ordinal AS actual_ordinal, m.actual_event,
    m.actual_value, NULL::HUGEINT AS actual_exact,
    m.ordinal AS expected_ordinal, m.expected_event, m.expected_value,
    NULL::HUGEINT AS expected_exact
FROM query_table(picked) AS m
JOIN pair AS p ON p.pair = m.pair
JOIN pair_pixel AS x ON x.pair = m.pair;

-- what these views are without any such pair
CREATE OR REPLACE VIEW _met_none AS
SELECT
    NULL::VARCHAR AS tap, x.slow AS slow_axis, x.fast AS fast_axis,
    NULL::BIGINT AS pair,
    NULL::BIGINT AS actual_ordinal, NULL::BIGINT AS actual_event,
    NULL::DOUBLE AS actual_value,
    NULL::HUGEINT AS actual_exact, NULL::BIGINT AS expected_ordinal,
    NULL::BIGINT AS expected_event, NULL::DOUBLE AS expected_value,
    NULL::HUGEINT AS expected_exact
FROM pair_pixel AS x
WHERE FALSE;

CREATE OR REPLACE VIEW _met AS FROM _met_none;

-- of them: those of pairs that are not dense; those that are not close at
-- first sight, also without the pairs that are stacked; those that kinds of
-- error are tried on; those that quick leaves out; and the first that diverged
-- of each pair of which quick knows it
CREATE OR REPLACE VIEW _met_gappy AS FROM _met_none;

CREATE OR REPLACE VIEW _met_suspect AS FROM _met_none;

CREATE OR REPLACE VIEW _met_beside AS FROM _met_none;

CREATE OR REPLACE VIEW _met_tried AS FROM _met_none;

CREATE OR REPLACE VIEW _met_left_out AS FROM _met_none;

CREATE OR REPLACE VIEW _met_first AS FROM _met_none;

-- figures of images, see image_metrics; each positional join is read by one
-- thread from its beginning, so sums are taken in the order of the pixels
CREATE OR REPLACE MACRO _image_floats(number, actual, expected, elements)
AS TABLE
WITH met AS (
    SELECT
        a.ordinal, a."float"::DOUBLE AS one, e."float"::DOUBLE AS other,
        CASE WHEN one = other THEN 0::DOUBLE ELSE abs(one - other) END
            AS error
    FROM query_table(actual) AS a
    POSITIONAL JOIN query_table(expected) AS e
)
SELECT
    number::BIGINT AS pair, count(*) AS pixels,
    elements::BIGINT - count(*) AS not_finite, corr(one, other) AS correlation,
    sum(one) AS actual_sum, sum(other) AS expected_sum,
    avg(error * error) AS mean_square, max(one) AS max_actual,
    min(other) AS min_expected, max(other) AS max_expected,
    max(error) AS error, arg_max(ordinal, error) AS worst
FROM met
WHERE isfinite(one) AND isfinite(other);

CREATE OR REPLACE VIEW _image AS
SELECT
    NULL::BIGINT AS pair, NULL::BIGINT AS pixels, NULL::BIGINT AS not_finite,
    NULL::DOUBLE AS correlation, NULL::DOUBLE AS actual_sum,
    NULL::DOUBLE AS expected_sum, NULL::DOUBLE AS mean_square,
    NULL::DOUBLE AS max_actual, NULL::DOUBLE AS min_expected,
    NULL::DOUBLE AS max_expected, NULL::DOUBLE AS error,
    NULL::BIGINT AS worst
WHERE FALSE;

-- of pixels of pairs that are stacked: what diverged there first
CREATE OR REPLACE VIEW _stacked_first AS
SELECT
    NULL::BIGINT AS slow, NULL::BIGINT AS fast, NULL::BIGINT AS number,
    NULL::VARCHAR AS tap, NULL::DOUBLE AS actual, NULL::DOUBLE AS expected,
    NULL::BIGINT AS precision, NULL::BIGINT AS taps
WHERE FALSE;

-- and how they went wrong, see wrong_pixels: parts of its rows, and with
-- number NULL the pixels at which nothing diverged
CREATE OR REPLACE VIEW _stacked_course AS
SELECT
    NULL::BIGINT AS number, NULL::BOOLEAN AS wrong, NULL::BOOLEAN AS odd,
    NULL::BIGINT AS wrong_from, NULL::BIGINT AS odd_from,
    NULL::BIGINT AS after, NULL::BIGINT AS pixels,
    NULL::STRUCT(slow BIGINT, fast BIGINT) AS first,
    NULL::STRUCT(slow BIGINT, fast BIGINT) AS worst,
    NULL::BIGINT AS slow_from, NULL::BIGINT AS slow_to,
    NULL::BIGINT AS fast_from, NULL::BIGINT AS fast_to,
    NULL::DOUBLE AS error, NULL::DOUBLE AS rel_error,
    NULL::DOUBLE AS earlier_rel_error
WHERE FALSE;

-- and their signatures, with numbers of taps: parts of them
CREATE OR REPLACE VIEW _stacked_signature AS
SELECT
    NULL::BIGINT[] AS bad, NULL::BIGINT[] AS odd, NULL::BIGINT AS pixels,
    NULL::STRUCT(slow BIGINT, fast BIGINT) AS first,
    NULL::BIGINT AS slow_from, NULL::BIGINT AS slow_to,
    NULL::BIGINT AS fast_from, NULL::BIGINT AS fast_to
WHERE FALSE;

-- and coarse maps of them, see error_map: parts of its rows
CREATE OR REPLACE VIEW _stacked_map AS
SELECT
    NULL::BIGINT AS pair, NULL::BIGINT AS block, NULL::BIGINT AS slow,
    NULL::BIGINT AS fast, NULL::BIGINT AS compared, NULL::BIGINT AS diverged,
    NULL::BIGINT AS nan_mismatches, NULL::DOUBLE AS max_abs_error,
    NULL::DOUBLE AS max_rel_error, NULL::BIGINT AS max_ulps
WHERE FALSE;

CREATE OR REPLACE VIEW _quick AS
SELECT
    NULL::BIGINT AS pair, NULL::BIGINT AS compared, NULL::BIGINT AS odd,
    NULL::BIGINT AS diverged, NULL::DOUBLE AS max_abs_error,
    NULL::DOUBLE AS max_rel_error, NULL::BIGINT AS max_ulps,
    NULL::DOUBLE AS signal, NULL::BIGINT AS worst,
    NULL::BIGINT AS first, NULL::DOUBLE AS worst_error,
    NULL::DOUBLE AS rtol_base, NULL::DOUBLE AS atol_base,
    NULL::BIGINT AS least_ulps, NULL::BOOLEAN AS sound
WHERE FALSE;

CREATE OR REPLACE TABLE by_position AS
SELECT
    p.pair, p.tap, p.actual_tap, p.expected_tap, i.slow, i.fast, a.elements,
    a.kind, p.rtol, p.atol, p.max_ulps, p.precision,
    a.value_hash = e.value_hash AS same,
    same AND p.factor IS NULL AND a.nan IS NOT NULL AND e.nan IS NOT NULL
        AND (a.kind = 'float'
            OR coalesce(greatest(abs(e.min), abs(e.max)), 0) < pow(2, 53))
        AS known,
    a.elements = coalesce(list_product(
        list_transform(x.axes, lambda g: g.extent)
    ), 1) AS dense,
    a.kind = 'float' AND e.kind = 'float' AND p.factor IS NULL AS plain,
    plain AND (p.expected_size = 1 OR p.relative_to = 'element') AS quick
FROM pair AS p
JOIN trace_tap AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
JOIN tap_axes AS x ON x.side = 'expected' AND x.tap_id = p.expected_tap
JOIN pair_pixel AS i ON i.pair = p.pair
WHERE p.problem IS NULL AND p.actual_same AND p.expected_same
    AND a.key_hash = e.key_hash AND a.elements = e.elements
    AND a.elements >= getvariable('by_position')
    AND (a.kind = e.kind AND a.kind = 'float'
        OR a.kind IN ('int', 'bool') AND e.kind IN ('int', 'bool'))
ORDER BY p.pair;

-- of known pairs, what the table of taps says of both
CREATE OR REPLACE VIEW _equal_tap AS
SELECT
    b.pair, b.elements, e.nan, e.positive_inf + e.negative_inf AS infinite,
    e.zeros, e.min, e.max, e.first_number, e.first_finite
FROM by_position AS b
JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = b.expected_tap
WHERE b.known;

-- figures of their images, see _image_floats
CREATE OR REPLACE VIEW _image_equal AS
SELECT
    pair, elements - nan - infinite AS pixels, nan + infinite AS not_finite,
    NULL::DOUBLE AS correlation, NULL::DOUBLE AS actual_sum,
    NULL::DOUBLE AS expected_sum,
    CASE WHEN first_finite IS NOT NULL THEN 0::DOUBLE END AS mean_square,
    max AS max_actual, min AS min_expected, max AS max_expected,
    CASE WHEN first_finite IS NOT NULL THEN 0::DOUBLE END AS error,
    first_finite AS worst
FROM _equal_tap;

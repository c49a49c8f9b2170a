-- One row a number that a trace has at two pixels, in program order.
--
-- Parameters
-- one, other  the pixels, each [slow, fast]; NULL for the first and the last
--             one that any trace has
-- tap_glob    name or glob of the taps; NULL for all
--
-- Columns
-- side        which trace
-- tap         the tap
-- coordinate  all other dims and loop indices
-- component   the component's name or place, NULL for a scalar
-- occurrence  the n-th firing at this coordinate, from 0
-- at_one, at_other  the numbers; NULL where the pixel has none
-- ratio       at_other / at_one; NULL where at_one is 0
-- unit        spelled out
CREATE OR REPLACE MACRO pixel_contrast(
    one := NULL, other := NULL, tap_glob := NULL
) AS TABLE
WITH traced AS (
    SELECT min([slow, fast]) AS first, max([slow, fast]) AS last
    FROM element
    WHERE slow IS NOT NULL
),
asked AS (
    SELECT
        coalesce(one::BIGINT[], first) AS one_pixel,
        coalesce(other::BIGINT[], last) AS other_pixel
    FROM traced
),
chosen AS (
    SELECT
        element.*, coalesce(label, component::VARCHAR) AS part,
        [slow, fast] = one_pixel AS is_one
    FROM element, asked
    WHERE value IS NOT NULL
        AND (tap_glob IS NULL OR tap = tap_glob OR tap GLOB tap_glob)
        AND [slow, fast] IN (one_pixel, other_pixel)
),
paired AS (
    SELECT
        side, tap, family, coordinate, part, occurrence,
        any_value(value) FILTER (is_one) AS at_one,
        any_value(value) FILTER (NOT is_one) AS at_other,
        any_value(unit) AS unit,
        min({'tap': tap_id, 'ordinal': ordinal}) AS place
    FROM chosen
    GROUP BY side, tap, family, coordinate, part, occurrence
)
SELECT
    side, tap, coordinate, part AS component, occurrence, at_one, at_other,
    CASE WHEN at_one <> 0 THEN at_other / at_one END AS ratio, unit
FROM paired
ORDER BY side, place;

-- One row a tap, or a component of it: what its numbers are like.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all
-- at_pixel  [slow, fast]; NULL for all pixels together. A number without a
--           pixel counts at every pixel.
--
-- Columns
-- side       which trace
-- tap        the tap
-- component  the component's name or place, NULL for a scalar
-- numbers    how many
-- finite     how many are neither NaN nor infinite; what follows is of them
-- zeros      how many are 0
-- minimum, maximum  the extremes
-- mean       the mean; its last digits may change from run to run
-- first, last  in the order of the coordinates
-- unit       spelled out
CREATE OR REPLACE MACRO tap_statistics(
    tap_glob := NULL, at_pixel := NULL
) AS TABLE
WITH chosen AS (
    SELECT
        *, coalesce(label, component::VARCHAR) AS part,
        isfinite(value) AS ok
    FROM element
    WHERE value IS NOT NULL
        AND (tap_glob IS NULL OR tap = tap_glob OR tap GLOB tap_glob)
        AND (at_pixel IS NULL OR slow IS NULL
            OR [slow, fast] = at_pixel::BIGINT[])
)
SELECT
    side, tap, part AS component,
    count(*) AS numbers,
    count(*) FILTER (ok) AS finite,
    count(*) FILTER (value = 0) AS zeros,
    min(value) FILTER (ok) AS minimum,
    max(value) FILTER (ok) AS maximum,
    favg(value) FILTER (ok) AS mean,
    arg_min(value, {'t': tap_id, 'o': ordinal}) FILTER (ok) AS first,
    arg_max(value, {'t': tap_id, 'o': ordinal}) FILTER (ok) AS last,
    any_value(unit) AS unit
FROM chosen
GROUP BY side, tap, part
ORDER BY side, min(tap_id), min(ordinal);

-- One row one of the worst numbers of a tap: those that diverged first, then
-- by error.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all
-- how_many  numbers a tap
--
-- Columns
-- tap         the tap
-- slow, fast  the pixel
-- coordinate  dims and loop indices, the component too
-- actual, expected  the numbers
-- class       what kind of pair it is (see judged)
-- abs_error, rel_error, ulps  how far apart; a NaN on one side is the farthest
-- allowed     the error that was allowed
-- close       whether they are close
CREATE OR REPLACE MACRO worst_numbers(
    tap_glob := NULL, how_many := 5
) AS TABLE
SELECT
    l.tap, l.slow, l.fast, element_place(l.expected_ordinal, e.axes)
        AS coordinate,
    l.actual, l.expected, l.class, l.abs_error, l.rel_error, l.ulps,
    l.allowed, l.close
FROM located AS l
JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = l.expected_tap
WHERE (tap_glob IS NULL OR l.tap = tap_glob OR l.tap GLOB tap_glob)
    AND l.class NOT IN ('text', 'nan')
QUALIFY row_number() OVER (
    PARTITION BY l.number
    ORDER BY l.close, coalesce(l.abs_error, 'inf'::DOUBLE) DESC, l.pair,
        l.coordinate
) <= how_many::BIGINT
ORDER BY
    l.number, l.close, coalesce(l.abs_error, 'inf'::DOUBLE) DESC, l.pair,
    l.coordinate;

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
WITH worst AS (
    SELECT unnest(arg_min(n, {
        'close': n.close, 'error': -coalesce(n.abs_error, 'inf'::DOUBLE),
        'pair': n.pair, 'coordinate': n.coordinate
    }, how_many::BIGINT)) AS l
    FROM located AS n
    WHERE (tap_glob IS NULL OR n.tap = tap_glob OR n.tap GLOB tap_glob)
        AND n.class NOT IN ('text', 'nan')
    GROUP BY n.number
)
SELECT
    l.tap, l.slow, l.fast, element_place(l.expected_ordinal, e.axes)
        AS coordinate,
    l.actual, l.expected, l.class, l.abs_error, l.rel_error, l.ulps,
    l.allowed, l.close
FROM worst
JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = l.expected_tap
ORDER BY
    l.number, l.close, coalesce(l.abs_error, 'inf'::DOUBLE) DESC, l.pair,
    l.coordinate;

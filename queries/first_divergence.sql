-- At most one row: where the two runs first differ.
--
-- The first tap in program order of the expected side, then the first
-- coordinate, then the first component whose error is not allowed.
--
-- tap         the tap
-- slow, fast  the pixel, NULL where the tap has none
-- coordinate  all other dims and loop indices, name to index
-- component   place in the vector or matrix, NULL for a scalar
-- label       the component's name, NULL where it has none
-- actual, expected             the numbers, NULL for texts
-- actual_exact, expected_exact integers without rounding
-- actual_text, expected_text   texts
-- class       what kind of pair it is (see judged)
-- abs_error, rel_error, ulps   how far apart
-- allowed     the error that was allowed
-- unit        unit of the numbers
-- reason, origin  why the tolerance is what it is, and where it was set
-- actual_line, expected_line   file:line of the two events
CREATE OR REPLACE MACRO first_divergence() AS TABLE
WITH first AS (
    SELECT j.*
    FROM judged AS j
    WHERE NOT j.close
    ORDER BY
        j.tap_order, j.key, j.expected_ordinal, j.actual_ordinal, j.pair
    LIMIT 1
)
SELECT
    f.tap, coalesce(e.slow, a.slow) AS slow, coalesce(e.fast, a.fast) AS fast,
    map_concat(a.coordinate, e.coordinate) AS coordinate,
    coalesce(e.component, a.component) AS component,
    coalesce(e.label, a.label) AS label,
    f.actual, f.expected, f.actual_exact, f.expected_exact, f.actual_text,
    f.expected_text, f.class, f.abs_error, f.rel_error, f.ulps, f.allowed,
    f.unit, r.reason, r.origin, al.line AS actual_line,
    el.line AS expected_line
FROM first AS f
JOIN rule AS r USING (pair)
JOIN element AS a ON a.side = 'actual' AND a.tap_id = f.actual_tap
    AND a.ordinal = f.actual_ordinal
JOIN element AS e ON e.side = 'expected' AND e.tap_id = f.expected_tap
    AND e.ordinal = f.expected_ordinal
LEFT JOIN (
    SELECT tap_id, event, file || ':' || line AS line FROM trace_event
    WHERE side = 'actual'
) AS al ON al.tap_id = a.tap_id AND al.event = a.event
LEFT JOIN (
    SELECT tap_id, event, file || ':' || line AS line FROM trace_event
    WHERE side = 'expected'
) AS el ON el.tap_id = e.tap_id AND el.event = e.event;

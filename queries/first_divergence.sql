-- At most one row: where the two runs first differ.
--
-- The first tap in program order of the expected side, then the first
-- coordinate, then the first component whose error is not allowed.
--
-- Columns
-- tap                           the tap
-- slow, fast                    the pixel, NULL where the tap has none
-- coordinate                    all other dims and loop indices, name to
--                               index; the occurrence if it isn't the first
-- component                     place in the vector or matrix, or NULL
-- label                         the component's name, or NULL
-- actual, expected              the numbers, NULL for texts
-- actual_exact, expected_exact  integers without rounding
-- actual_text, expected_text    texts
-- class                         what kind of pair it is (see judged)
-- abs_error, rel_error, ulps    how far apart
-- allowed                       the error that was allowed
-- unit                          unit of the numbers
-- reason, origin                why the tolerance is what it is, and where it
--                               was set
-- actual_line, expected_line    file:line of the two events
CREATE OR REPLACE MACRO first_divergence() AS TABLE
WITH found AS (
    SELECT p.*, unnest(o.first)
    FROM outcome AS o
    JOIN pair AS p USING (pair)
    WHERE o.first IS NOT NULL
    ORDER BY p.tap_order, o.first.coordinate, p.pair
    LIMIT 1
),
placed AS (
    SELECT
        f.*, e.pixel, a.labels AS actual_labels, e.labels AS expected_labels,
        map_concat(
            element_place(f.actual_ordinal, list_filter(
                a.axes, lambda x: NOT list_contains(a.unknown, x.dim)
            )),
            element_place(f.expected_ordinal, list_filter(
                e.axes, lambda x: NOT list_contains(e.unknown, x.dim)
            ))
        ) AS place
    FROM found AS f
    JOIN tap_axes AS a ON a.side = 'actual' AND a.tap_id = f.actual_tap
    JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = f.expected_tap
),
fired AS ( -- looked for in one pass: a join would hold all other events, too
    SELECT t.side, t.file || ':' || t.line AS line
    FROM trace_event AS t
    WHERE (t.side, t.tap_id, t.event) IN (
        SELECT ('actual', actual_tap, actual_event) FROM found
        UNION ALL
        SELECT ('expected', expected_tap, expected_event) FROM found
    )
)
SELECT
    f.tap, f.place[f.pixel[1]] AS slow, f.place[f.pixel[2]] AS fast,
    map_from_entries(list_filter(map_entries(f.place), lambda x:
        x.key NOT IN ('component', f.pixel[1], f.pixel[2])
        AND NOT (x.key = 'occurrence' AND x.value = 0)
    )) AS coordinate,
    f.place['component'] AS component,
    coalesce(
        f.expected_labels[f.place['component'] + 1],
        f.actual_labels[f.place['component'] + 1]
    ) AS label,
    f.actual, f.expected, f.actual_exact, f.expected_exact, f.actual_text,
    f.expected_text, f.class, f.abs_error, f.rel_error, f.ulps, f.allowed,
    f.unit, r.reason, r.origin, a.line AS actual_line, e.line AS expected_line
FROM placed AS f
JOIN rule AS r ON r.tap = f.tap
LEFT JOIN fired AS a ON a.side = 'actual'
LEFT JOIN fired AS e ON e.side = 'expected';

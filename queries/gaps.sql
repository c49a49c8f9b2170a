-- One row a gap: something that only one side has, or that can't be compared.
--
-- A coordinate counts as a gap only where both sides cover it: a recording of
-- two pixels covers these two, a log that prints source 0 alone covers that.
-- What only one side covers is not compared, and counted in verdict.
--
-- Columns
-- tap       the tap
-- side      the side that lacks it ("actual" or "expected"); "both" where the
--           two don't fit each other
-- reason    what is wrong
-- required  the runs can't be called close because of it
-- elements  how many numbers it concerns
CREATE OR REPLACE VIEW _gap AS
WITH named AS (
    SELECT
        n.*, CASE n.side WHEN 'actual' THEN 'expected' ELSE 'actual' END
            AS lacking
    FROM need AS n
    WHERE n.need <> 'ignored'
),
-- selected places of the side that lacks a tap, all dims of which it has
selected AS (
    SELECT
        n.side, n.tap,
        list({'dims': c.dims, 'selected': c.selected}) AS groups
    FROM named AS n
    JOIN trace_coverage AS c ON c.side = n.lacking
        AND c.tap IN ('', n.tap) AND c.kind = 'selected'
    GROUP BY n.side, n.tap
),
-- numbers of a tap that the other side lacks although it reports their place
lone AS (
    SELECT n.side, n.tap, t.tap_id, t.elements, s.groups
    FROM named AS n
    JOIN trace_tap AS t ON t.side = n.side AND t.name = n.tap
    LEFT JOIN selected AS s ON s.side = n.side AND s.tap = n.tap
    WHERE n.covered AND NOT EXISTS (
        FROM need AS o WHERE o.side = n.lacking AND o.tap = n.tap
    )
),
owed AS (
    SELECT side, tap, sum(elements)::BIGINT AS elements
    FROM (
        SELECT side, tap, elements FROM lone
        WHERE groups IS NULL AND elements > 0
        UNION ALL
        SELECT n.side, n.tap, count(*)
        FROM trace_element AS e
        JOIN lone AS n ON e.side = n.side AND e.tap_id = n.tap_id
        JOIN tap_axes AS a ON a.side = n.side AND a.tap_id = n.tap_id
        WHERE n.groups IS NOT NULL AND list_bool_and(list_transform(
            n.groups, lambda g: len(list_filter(g.dims, lambda d:
                NOT map_contains(element_place(e.ordinal, a.axes), d)
            )) > 0 OR list_contains(g.selected, list_transform(
                g.dims, lambda d: element_place(e.ordinal, a.axes)[d]
            ))
        ))
        GROUP BY n.side, n.tap
    )
    GROUP BY side, tap
),
absent AS (
    SELECT
        n.tap, n.lacking AS side,
        CASE WHEN n.declared
            THEN format('the tap is missing on the {} side', n.lacking)
            ELSE format(
                'the dialect of the {} side declares no such tap', n.lacking
            )
        END || coalesce(format(
            ', and {}{} can''t stand for it: {}', d.expression,
            CASE WHEN d.origin <> '' THEN ' by ' || d.origin ELSE '' END,
            d.problem
        ), '') AS reason,
        n.declared AND n.need = 'required' AS required, o.elements,
        n.tap_order
    FROM named AS n
    JOIN owed AS o ON o.side = n.side AND o.tap = n.tap
    LEFT JOIN derived_taps AS d ON d.side = n.lacking AND d.tap = n.tap
),
-- kinds of line that print a name on one side only
stray AS (
    SELECT
        n.tap, n.lacking AS side,
        format('its lines of the kind {} have none to meet', t.family)
            AS reason,
        FALSE AS required, t.elements, n.tap_order
    FROM named AS n
    JOIN trace_tap AS t ON t.side = n.side AND t.name = n.tap
    WHERE t.need <> 'ignored'
        AND EXISTS (FROM meeting AS m WHERE m.tap = n.tap)
        AND NOT EXISTS (
            FROM meeting AS m WHERE t.tap_id = CASE n.side
                WHEN 'actual' THEN m.actual_tap ELSE m.expected_tap END
        )
),
misfit AS (
    SELECT
        p.tap, 'both' AS side, 'the actual side ' || p.problem AS reason,
        bool_and(n.need = 'required') AS required,
        any_value(t.elements) AS elements, p.tap_order
    FROM pair AS p
    JOIN need AS n ON n.tap = p.tap
    JOIN trace_tap AS t ON t.side = 'expected' AND t.tap_id = p.expected_tap
    WHERE p.problem IS NOT NULL
    GROUP BY p.pair, p.tap, p.problem, p.tap_order
),
-- taps of which a side has statistics that meet none of the other
unmet AS (
    SELECT DISTINCT t.name AS tap
    FROM trace_tap AS t
    JOIN trace_tap AS s ON s.side IN ('actual', 'expected')
        AND s.family = 'statistic' AND s.name = t.name || '.count'
    WHERE NOT EXISTS (
        FROM pair AS p JOIN outcome AS o ON o.pair = p.pair
        WHERE p.tap = s.name
    )
),
-- recordings of different pixels have run-level taps in common, and nothing
-- else: that the rest was never compared must not pass
apart AS (
    SELECT
        p.tap, 'both' AS side,
        CASE WHEN max(a.elements) > 0 AND max(e.elements) > 0
            THEN 'the two sides have it at different places, none in common'
            ELSE 'one side has statistics of it alone, and the other not all '
                || 'numbers to make them of'
        END AS reason,
        bool_and(n.need = 'required') AS required,
        greatest(max(a.elements), max(e.elements)) AS elements,
        min(p.tap_order) AS tap_order
    FROM pair AS p
    JOIN need AS n ON n.tap = p.tap
    JOIN trace_tap AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
    JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
    LEFT JOIN outcome AS o ON o.pair = p.pair
    LEFT JOIN unmet AS u ON u.tap = p.tap
    GROUP BY p.tap
    HAVING count(o.pair) = 0 AND count(p.problem) = 0 AND (
        count(u.tap) > 0 OR max(a.elements) > 0 AND max(e.elements) > 0
    )
),
hole_gap AS (
    SELECT
        h.tap, h.lacking AS side,
        format(
            '{} of its numbers are missing on the {} side, the first at {}',
            h.missing, h.lacking, array_to_string(list_transform(
                map_entries(element_place(h.first, a.axes)),
                lambda x: x.key || '=' || x.value
            ), ' ')
        ) AS reason,
        n.need = 'required' AS required, h.missing AS elements, h.tap_order
    FROM hole AS h
    JOIN tap_axes AS a ON a.side = h.side AND a.tap_id = h.tap_id
    JOIN need AS n ON n.tap = h.tap AND n.side = h.side
    WHERE h.missing > 0
)
SELECT tap, side, reason, required, elements
FROM (
    FROM absent
    UNION ALL BY NAME FROM stray
    UNION ALL BY NAME FROM misfit
    UNION ALL BY NAME FROM apart
    UNION ALL BY NAME FROM hole_gap
)
ORDER BY NOT required, tap_order, tap, side, reason;

CREATE OR REPLACE MACRO gaps() AS TABLE FROM _gap;

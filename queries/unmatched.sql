-- One row a number of a tap that both sides have, at a coordinate that only
-- one of them has.
--
-- pair, tap, tap_order   the pair of taps
-- missing      the side that lacks it
-- ordinal      where it is stored on the side that has it
-- coordinate   its coordinate, as text
-- covered      the side that lacks it covers this coordinate, so that it is a
--              gap
CREATE OR REPLACE VIEW unmatched AS
WITH placed AS (
    SELECT
        p.pair, p.tap, p.tap_order, e.side, e.tap_id, e.ordinal, a.axes,
        CASE e.side WHEN 'actual' THEN 'expected' ELSE 'actual' END AS missing,
        CASE e.side WHEN 'actual' THEN p.expected_tap ELSE p.actual_tap END
            AS missing_tap,
        coalesce(list_sum(list_transform(
            CASE e.side WHEN 'actual' THEN p.actual_axes
                ELSE p.expected_axes END,
            lambda x: (e.ordinal // x.stride % x.extent + x.shift)
                * x.key_stride
        )), 0)::HUGEINT AS key
    FROM trace_element AS e
    JOIN pair AS p
        ON (e.side = 'actual' AND e.tap_id = p.actual_tap)
        OR (e.side = 'expected' AND e.tap_id = p.expected_tap)
    JOIN tap_axes AS a ON a.side = e.side AND a.tap_id = e.tap_id
    WHERE p.problem IS NULL
),
alone AS (
    SELECT
        x.* EXCLUDE (axes),
        map_from_entries(list_transform(x.axes, lambda a: {
            'k': a.dim, 'v': x.ordinal // a.stride % a.extent + a.origin
        })) AS place
    FROM placed AS x
    WHERE NOT EXISTS (
        FROM placed AS y
        WHERE y.pair = x.pair AND y.key = x.key AND y.side <> x.side
    )
),
-- what the side that lacks a number reports of this tap's dims: a fixed index
-- or a part of a vector is all that it covers, an unknown one covers nothing
reported AS (
    SELECT
        side, tap_id,
        list({
            'dim': dim, 'low': origin, 'high': origin + extent - 1
        }) FILTER (
            state = 'fixed' OR (dim = 'component' AND origin > 0)
        ) AS ranges,
        list(dim) FILTER (state = 'unknown') AS unknown
    FROM trace_grid
    GROUP BY side, tap_id
),
selected AS (
    SELECT
        t.side, t.tap_id,
        list({'dims': c.dims, 'kind': c.kind, 'selected': c.selected})
            AS groups
    FROM trace_tap AS t
    JOIN trace_coverage AS c
        ON c.side = t.side AND (c.tap = '' OR c.tap = t.name)
    WHERE c.kind <> 'all'
    GROUP BY t.side, t.tap_id
)
SELECT
    a.pair, a.tap, a.tap_order, a.missing, a.ordinal,
    array_to_string(list_transform(
        map_entries(a.place), lambda x: x.key || '=' || x.value
    ), ' ') AS coordinate,
    len(list_filter(coalesce(r.ranges, []), lambda x:
        NOT coalesce(a.place[x.dim] BETWEEN x.low AND x.high, TRUE)
    )) = 0
    AND len(list_filter(coalesce(r.unknown, []), lambda x:
        map_contains(a.place, x)
    )) = 0
    AND len(list_filter(coalesce(s.groups, []), lambda g:
        len(list_filter(g.dims, lambda d: NOT map_contains(a.place, d))) = 0
        AND (g.kind = 'unknown' OR NOT list_contains(
            g.selected, list_transform(g.dims, lambda d: a.place[d])
        ))
    )) = 0 AS covered
FROM alone AS a
LEFT JOIN reported AS r ON r.side = a.missing AND r.tap_id = a.missing_tap
LEFT JOIN selected AS s ON s.side = a.missing AND s.tap_id = a.missing_tap;

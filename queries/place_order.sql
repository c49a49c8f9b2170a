-- One row a side's dims that meet the other side's by order: their places.
--
-- A log that states no pixel still has its pixels in an order. The n-th place
-- meets the n-th where both sides have as many; else they don't align.
-- Components that are named meet in the order of their names.
--
-- Columns
-- pair, side, part  the pair of taps, the side, the dims (see pair_axis)
-- dims    their names
-- axes    their stride and extent in the grid of the tap
-- count   how many places the tap has along them
-- places  the partial ordinals of these places, ascending, or by name; empty
--         where the other side has not as many
CREATE OR REPLACE TABLE place_order AS
WITH ordered AS (
    SELECT
        pair, part, 'actual' AS side, string_agg(dim, ' ' ORDER BY place)
            AS dims,
        list({'stride': actual_stride, 'extent': actual_extent}
            ORDER BY place) AS axes
    FROM pair_axis WHERE meets = 'order' GROUP BY pair, part
    UNION ALL
    SELECT
        pair, part, 'expected', string_agg(dim, ' ' ORDER BY place),
        list({'stride': expected_stride, 'extent': expected_extent}
            ORDER BY place)
    FROM pair_axis WHERE meets = 'order' GROUP BY pair, part
),
place AS (
    SELECT DISTINCT
        o.pair, o.part, o.side, partial_ordinal(e.ordinal, o.axes) AS place
    FROM trace_element AS e
    JOIN (FROM ordered JOIN meeting USING (pair)) AS o
        ON e.side = o.side AND e.tap_id = CASE o.side
            WHEN 'actual' THEN o.actual_tap ELSE o.expected_tap END
),
counted AS (
    SELECT
        o.*, (
        SELECT count(*) FROM place AS p
        WHERE p.pair = o.pair AND p.part = o.part AND p.side = o.side
    ) AS count
    FROM ordered AS o
),
equal AS (
    SELECT pair, part FROM counted
    GROUP BY pair, part HAVING min(count) = max(count)
),
listed AS (
    SELECT pair, part, side, list(place ORDER BY place) AS places
    FROM place SEMI JOIN equal USING (pair, part)
    GROUP BY pair, part, side
)
SELECT
    c.pair, c.side, c.part, c.dims, c.axes, c.count,
    coalesce(l.places, []) AS places
FROM counted AS c
LEFT JOIN listed AS l USING (pair, part, side)
UNION ALL
SELECT
    x.pair, s.side, x.part, x.dim, [{'stride': s.stride, 'extent': x.extent}],
    x.extent, list_transform(
        list_sort(s.labels),
        lambda label: (list_position(s.labels, label) - 1) * s.stride
    )
FROM pair_axis AS x
CROSS JOIN LATERAL (
    SELECT
        'actual' AS side, x.actual_stride AS stride,
        x.actual_labels AS labels
    UNION ALL
    SELECT 'expected', x.expected_stride, x.expected_labels
) AS s
WHERE x.meets = 'name';

-- what pair reads where no dims meet by order or name
CREATE OR REPLACE VIEW _no_order AS
SELECT
    NULL::BIGINT AS pair, NULL::VARCHAR AS side, NULL::VARCHAR AS part,
    NULL::VARCHAR AS dims,
    NULL::STRUCT(stride BIGINT, extent BIGINT)[] AS axes,
    NULL::BIGINT AS count, NULL::BIGINT[] AS places
WHERE FALSE;

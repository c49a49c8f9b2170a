-- One row a pair of taps: how their elements line up, and by which tolerance.
--
-- Dims of one name meet; a dim that one side lacks meets every index of the
-- other; two sides that each lack a dim of the other don't align. An index
-- that is fixed (a log that prints source 0 alone) is no dim of its own.
--
-- Columns
-- pair, tap, tap_order, actual_tap, expected_tap, actual_family  see meeting
-- expected_family  see meeting
-- actual_same, actual_axes, actual_orders  arguments of element_key
-- expected_same, expected_axes, expected_orders  the same
-- actual_size, expected_size  components in a vector, 1 for scalars
-- precision      bits of the coarser type's significand
-- unit           the unit of the comparison (the expected side's)
-- factor, shift  turn the actual side's unit into it (the shift is 0 but for
--                scales such as degC), NULL if they agree
-- by_order       dims that only one side states, matched by order, or NULL
-- unknown_pixel  the pixel is one of them, or neither side states it
-- rtol, atol, max_ulps, relative_to  the tolerance; rtol without a rule is
--                1e-9 for float64, 1e-5 for float32, 1e-3 for float16 and
--                1e-2 for bfloat16
-- problem        why the two can't be compared; NULL where they can
CREATE OR REPLACE MACRO _shape(components, dims) AS
    -- dims that are its alone: what was meant as components may be among them
    components || CASE components WHEN 1 THEN ' component'
        ELSE ' components' END || coalesce(' and the dims ' || dims, '');

CREATE OR REPLACE TABLE pair AS
WITH strided AS (
    -- key strides as in a grid that holds both; beyond 2^62 it is too large
    SELECT
        *,
        coalesce(list_reduce(
            list(extent::HUGEINT) OVER (
                PARTITION BY pair ORDER BY place DESC
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), lambda x, y: least(x * y, pow(2, 62)::HUGEINT)
        ), 1)::BIGINT AS key_stride
    FROM pair_axis
    WHERE meets = 'index'
),
indexed AS (
    SELECT
        pair,
        list({
            'stride': actual_stride, 'extent': actual_extent,
            'shift': actual_shift, 'key_stride': key_stride
        } ORDER BY place) AS actual_axes,
        list({
            'stride': expected_stride, 'extent': expected_extent,
            'shift': expected_shift, 'key_stride': key_stride
        } ORDER BY place) AS expected_axes,
        bool_and(actual_stride = key_stride AND actual_extent = extent
            OR extent = 1) AS actual_fits,
        bool_and(expected_stride = key_stride AND expected_extent = extent
            OR extent = 1) AS expected_fits,
        max(key_stride::HUGEINT * extent) AS span
    FROM strided
    GROUP BY pair
),
placed AS (
    -- the places of each part are numbered after those of the parts before it
    SELECT
        o.*, other.count AS other_count,
        (coalesce(i.span, 1) * coalesce(list_reduce(
            list(o.count::HUGEINT) OVER (
                PARTITION BY o.pair, o.side ORDER BY o.part DESC
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), lambda x, y: x * y
        ), 1))::HUGEINT AS key_stride
    FROM query_table(getvariable('ordering')) AS o
    JOIN query_table(getvariable('ordering')) AS other
        ON other.pair = o.pair AND other.part = o.part
        AND other.side <> o.side
    LEFT JOIN indexed AS i ON i.pair = o.pair
),
ordered AS (
    SELECT
        pair, side,
        string_agg(dims, ' ' ORDER BY part DESC)
            FILTER (part <> 'component') AS dims,
        list({'axes': axes, 'places': places, 'key_stride': key_stride}
            ORDER BY part DESC) AS orders,
        any_value(format(
            'has {} along {}, {} on the other side, and only one of them '
            || 'says which', count, dims, other_count
        )) FILTER (count <> other_count) AS problem
    FROM placed
    GROUP BY pair, side
),
described AS (
    SELECT
        pair,
        bool_and(meets = 'index' OR actual_extent IS NULL
            OR actual_extent = 1) AS actual_alone,
        bool_and(meets = 'index' OR expected_extent IS NULL
            OR expected_extent = 1) AS expected_alone,
        coalesce(max(actual_extent) FILTER (dim = 'component'), 1)
            AS actual_size,
        coalesce(max(expected_extent) FILTER (dim = 'component'), 1)
            AS expected_size,
        string_agg(dim, ' ' ORDER BY place) FILTER (
            NOT in_expected AND meets = 'broadcast'
            AND NOT (actual_state = 'fixed' AND actual_extent = 1)
        ) AS only_actual,
        string_agg(dim, ' ' ORDER BY place) FILTER (
            NOT in_actual AND meets = 'broadcast'
            AND NOT (expected_state = 'fixed' AND expected_extent = 1)
        ) AS only_expected,
        bool_or(
            part = 'pixel' AND in_actual AND in_expected
            AND 'unknown' IN (actual_state, expected_state)
        ) AS unknown_pixel,
        any_value({
            'actual': coalesce(actual_extent, 1),
            'expected': coalesce(expected_extent, 1)
        }) FILTER (
            dim = 'component' AND actual_shift = expected_shift
            AND coalesce(actual_extent, 1) <> coalesce(expected_extent, 1)
        ) AS shapes,
        any_value({
            'actual': array_to_string(actual_labels, ' '),
            'expected': array_to_string(expected_labels, ' ')
        }) FILTER (
            dim = 'component' AND meets = 'index'
            AND actual_labels <> expected_labels
            AND list_has_any(actual_labels, expected_labels)
        ) AS labels
    FROM pair_axis
    GROUP BY pair
)
SELECT
    m.pair, m.tap, m.tap_order, m.actual_tap, m.expected_tap,
    m.actual_family, m.expected_family,
    coalesce(d.actual_alone AND i.actual_fits IS NOT FALSE
        AND a.pair IS NULL, TRUE) AS actual_same,
    coalesce(i.actual_axes, []) AS actual_axes,
    coalesce(a.orders, []) AS actual_orders,
    coalesce(d.expected_alone AND i.expected_fits IS NOT FALSE
        AND e.pair IS NULL, TRUE) AS expected_same,
    coalesce(i.expected_axes, []) AS expected_axes,
    coalesce(e.orders, []) AS expected_orders,
    coalesce(d.actual_size, 1) AS actual_size,
    coalesce(d.expected_size, 1) AS expected_size,
    m.precision, coalesce(m.expected_unit, m.actual_unit) AS unit, u.factor,
    u.shift,
    a.dims AS by_order, coalesce(d.unknown_pixel, FALSE) AS unknown_pixel,
    coalesce(r.rtol, CASE m.precision
        WHEN 53 THEN 1e-9 WHEN 24 THEN 1e-5 WHEN 11 THEN 1e-3 ELSE 1e-2
    END)::DOUBLE AS rtol,
    r.atol::DOUBLE AS atol, r.max_ulps, r.relative_to,
    CASE
        WHEN (m.actual_kind = 'text') <> (m.expected_kind = 'text')
            THEN format(
                'is {} where the expected side is {}', m.actual_kind,
                m.expected_kind
            )
        WHEN d.shapes IS NOT NULL
            THEN format(
                'has {}, the expected side {}',
                _shape(d.shapes.actual, d.only_actual),
                _shape(d.shapes.expected, d.only_expected)
            )
        WHEN d.labels IS NOT NULL
            THEN format(
                'has the components {}, the expected side {}',
                d.labels.actual, d.labels.expected
            )
        WHEN a.problem IS NOT NULL THEN a.problem
        WHEN d.only_actual IS NOT NULL AND d.only_expected IS NOT NULL
            THEN format(
                'has the dims {} where the expected side has {}',
                d.only_actual, d.only_expected
            )
        WHEN m.actual_unit <> m.expected_unit AND u.factor IS NULL
            THEN format(
                'is in {}, which can''t be converted to {}',
                m.actual_unit, m.expected_unit
            )
        WHEN i.span > pow(2, 62)::HUGEINT
            THEN 'has indices too far from the expected side''s to number '
                || 'them together'
    END AS problem
FROM meeting AS m
JOIN rule AS r ON r.tap = m.tap
LEFT JOIN described AS d ON d.pair = m.pair
LEFT JOIN indexed AS i ON i.pair = m.pair
LEFT JOIN ordered AS a ON a.pair = m.pair AND a.side = 'actual'
LEFT JOIN ordered AS e ON e.pair = m.pair AND e.side = 'expected'
LEFT JOIN unit_factor AS u
    ON u.actual_unit = m.actual_unit AND u.expected_unit = m.expected_unit
ORDER BY m.pair;

-- One row a tap that both sides have: how the two line up.
--
-- Taps meet by name, and by kind of line where both sides print one name in
-- several. Dims of one name meet; a dim that one side lacks meets every index
-- of the other; two sides that each lack a dim of the other don't align.
--
-- pair            number of the pair
-- tap             the name
-- actual_tap, expected_tap          tap numbers in their traces
-- actual_family, expected_family    kinds of log line
-- tap_order       program order: the first firing on the expected side
-- actual_axes, expected_axes        stride, extent, shift and key_stride of
--                 each shared dim: an element's key is the sum of
--                 (ordinal // stride % extent + shift) * key_stride
-- size            components in a vector, 1 for scalars
-- precision       bits of the coarser type's significand
-- integers        both sides hold integers
-- unit            the unit of the comparison (the expected side's)
-- factor          turns the actual side's unit into it, NULL if they agree
-- unknown_pixel   the pixel was not stated on one side and matched by order
-- problem         why the two can't be compared; NULL where they can
CREATE OR REPLACE TABLE pair AS
WITH sided AS (
    SELECT
        t.*,
        CASE t.dtype
            WHEN 'float32' THEN 24 WHEN 'complex64' THEN 24
            WHEN 'float16' THEN 11 WHEN 'bfloat16' THEN 8 ELSE 53
        END AS precision
    FROM trace_tap AS t
    WHERE t.need <> 'ignored'
),
met AS (
    SELECT
        row_number() OVER (
            ORDER BY e."order", e.tap_id, a."order", a.tap_id
        ) AS pair,
        e.name AS tap, a.tap_id AS actual_tap, e.tap_id AS expected_tap,
        a.family AS actual_family, e.family AS expected_family,
        e."order" AS tap_order, a.kind AS actual_kind,
        e.kind AS expected_kind, a.unit AS actual_unit,
        e.unit AS expected_unit, least(a.precision, e.precision) AS precision
    FROM sided AS a
    JOIN sided AS e ON a.name = e.name
    WHERE a.side = 'actual' AND e.side = 'expected'
        AND (a.family = e.family OR NOT EXISTS (
            FROM sided AS o
            WHERE o.name = a.name AND (
                (o.side = 'actual' AND o.family = e.family)
                OR (o.side = 'expected' AND o.family = a.family)
            )
        ))
),
axis AS (
    SELECT
        m.pair, coalesce(a.dim, e.dim) AS dim, a.dim IS NOT NULL AS in_actual,
        e.dim IS NOT NULL AS in_expected, a.state AS actual_state,
        e.state AS expected_state,
        coalesce(a.origin, 0) AS actual_origin,
        coalesce(a.extent, 1) AS actual_extent,
        coalesce(a.stride, 1) AS actual_stride,
        coalesce(e.origin, 0) AS expected_origin,
        coalesce(e.extent, 1) AS expected_extent,
        coalesce(e.stride, 1) AS expected_stride,
        CASE
            WHEN coalesce(a.dim, e.dim) = 'component' THEN 1000001
            WHEN coalesce(a.dim, e.dim) = 'occurrence' THEN 1000000
            ELSE coalesce(e.position, 1000 + a.position)
        END AS place,
        -- only one of the two knows where the pixel is
        (a.state = 'unknown') <> (e.state = 'unknown') AS half_known
    FROM met AS m
    JOIN (
        SELECT m.pair, g.* FROM met AS m
        JOIN trace_grid AS g
            ON g.side = 'actual' AND g.tap_id = m.actual_tap
    ) AS a ON a.pair = m.pair
    FULL JOIN (
        SELECT m.pair AS other, g.* FROM met AS m
        JOIN trace_grid AS g
            ON g.side = 'expected' AND g.tap_id = m.expected_tap
    ) AS e ON e.other = m.pair AND e.dim = a.dim
),
matched AS (
    SELECT
        a.*,
        dim IN ('component', 'occurrence')
            OR (in_actual AND in_expected AND half_known IS NOT TRUE)
            AS shared,
        least(actual_origin, expected_origin) AS low,
        greatest(
            actual_origin + actual_extent, expected_origin + expected_extent
        ) - least(actual_origin, expected_origin) AS key_extent
    FROM axis AS a
),
strided AS (
    SELECT
        *,
        coalesce(list_reduce(
            list(key_extent) FILTER (shared) OVER (
                PARTITION BY pair ORDER BY place DESC
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), lambda x, y: x * y
        ), 1) AS key_stride
    FROM matched
),
aligned_axes AS (
    SELECT
        pair,
        list({
            'stride': actual_stride, 'extent': greatest(actual_extent, 1),
            'shift': actual_origin - low, 'key_stride': key_stride
        } ORDER BY place) FILTER (shared) AS actual_axes,
        list({
            'stride': expected_stride, 'extent': greatest(expected_extent, 1),
            'shift': expected_origin - low, 'key_stride': key_stride
        } ORDER BY place) FILTER (shared) AS expected_axes,
        coalesce(max(key_extent) FILTER (dim = 'component'), 1) AS size,
        string_agg(dim, ' ' ORDER BY place) FILTER (
            NOT shared AND in_actual AND NOT in_expected
            AND actual_state <> 'fixed'
        ) AS only_actual,
        string_agg(dim, ' ' ORDER BY place) FILTER (
            NOT shared AND in_expected AND NOT in_actual
            AND expected_state <> 'fixed'
        ) AS only_expected,
        coalesce(bool_or(half_known), FALSE) AS unknown_pixel,
        any_value(format(
            'has {} components, the expected side {}',
            actual_extent, expected_extent
        )) FILTER (
            dim = 'component' AND actual_extent <> expected_extent
            AND actual_origin = 0 AND expected_origin = 0
        ) AS other_shape
    FROM strided
    GROUP BY pair
)
SELECT
    m.pair, m.tap, m.actual_tap, m.expected_tap, m.actual_family,
    m.expected_family, m.tap_order,
    coalesce(x.actual_axes, []) AS actual_axes,
    coalesce(x.expected_axes, []) AS expected_axes,
    coalesce(x.size, 1) AS size, m.precision,
    m.actual_kind IN ('int', 'uint', 'bool')
        AND m.expected_kind IN ('int', 'uint', 'bool') AS integers,
    coalesce(m.expected_unit, m.actual_unit) AS unit,
    u.factor,
    coalesce(x.unknown_pixel, FALSE) AS unknown_pixel,
    CASE
        WHEN (m.actual_kind = 'text') <> (m.expected_kind = 'text')
            THEN format(
                'is {} on the actual side, {} on the expected side',
                m.actual_kind, m.expected_kind
            )
        WHEN x.other_shape IS NOT NULL THEN x.other_shape
        WHEN x.only_actual IS NOT NULL AND x.only_expected IS NOT NULL
            THEN format(
                'has the dims {} where the expected side has {}',
                x.only_actual, x.only_expected
            )
        WHEN m.actual_unit <> m.expected_unit AND u.factor IS NULL
            THEN format(
                'is in {}, which can''t be converted to {}',
                m.actual_unit, m.expected_unit
            )
    END AS problem
FROM met AS m
LEFT JOIN aligned_axes AS x USING (pair)
LEFT JOIN unit_factor AS u
    ON u.actual_unit = m.actual_unit AND u.expected_unit = m.expected_unit
ORDER BY m.pair;

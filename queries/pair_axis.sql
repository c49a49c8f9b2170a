-- One row a dim of a pair of taps: how the two sides meet along it.
--
-- Columns
-- pair   the pair of taps
-- dim    the dim
-- meets  "index": by index. "order": only one side states the index, so the
--        n-th place meets the n-th. "name": components of the same names in
--        another order. "broadcast": one side lacks the dim, so its numbers
--        meet every index.
-- part   of dims that meet by order or name: those of one part do it together
-- place  order of the dims: the expected side's, components last
-- in_actual, in_expected        whether the side has the dim
-- actual_state, expected_state  how the index is known
-- actual_stride, expected_stride, actual_extent, expected_extent  of the grid
-- actual_shift, expected_shift  from the index in the grid to the shared one
-- actual_labels, expected_labels  names of the components
-- extent  indices that the two sides span together
CREATE OR REPLACE TABLE pair_axis AS
WITH sided AS (
    SELECT m.pair, g.*
    FROM meeting AS m
    JOIN trace_grid AS g
        ON g.side = 'actual' AND g.tap_id = m.actual_tap
    UNION ALL
    SELECT m.pair, g.*
    FROM meeting AS m
    JOIN trace_grid AS g
        ON g.side = 'expected' AND g.tap_id = m.expected_tap
),
axis AS (
    SELECT
        coalesce(a.pair, e.pair) AS pair, coalesce(a.dim, e.dim) AS dim,
        a.dim IS NOT NULL AS in_actual, e.dim IS NOT NULL AS in_expected,
        a.state AS actual_state, e.state AS expected_state,
        coalesce(a.origin, 0) AS actual_origin,
        coalesce(e.origin, 0) AS expected_origin,
        greatest(a.extent, 1) AS actual_extent,
        greatest(e.extent, 1) AS expected_extent,
        coalesce(a.stride, 1) AS actual_stride,
        coalesce(e.stride, 1) AS expected_stride,
        a.labels AS actual_labels, e.labels AS expected_labels,
        CASE coalesce(a.dim, e.dim)
            WHEN 'component' THEN 1000001
            ELSE coalesce(e.position, 1000 + a.position)
        END AS place
    FROM (FROM sided WHERE side = 'actual') AS a
    FULL JOIN (FROM sided WHERE side = 'expected') AS e
        ON e.pair = a.pair AND e.dim = a.dim
)
SELECT
    pair, dim,
    CASE
        -- a scalar is a vector's first component, one firing the first
        WHEN dim = 'component' AND actual_labels <> expected_labels
            AND list_sort(actual_labels) = list_sort(expected_labels)
            AND len(list_distinct(actual_labels)) = least(
                actual_extent, expected_extent, len(actual_labels)
            )
            THEN 'name'
        WHEN dim IN ('component', 'occurrence') THEN 'index'
        WHEN NOT (in_actual AND in_expected) THEN 'broadcast'
        WHEN (actual_state = 'unknown') <> (expected_state = 'unknown')
            THEN 'order'
        ELSE 'index'
    END AS meets,
    CASE WHEN dim IN (
            SELECT unnest(pixel_dims) FROM trace_run
            WHERE side IN ('actual', 'expected')
        )
        THEN 'pixel' WHEN dim = 'component' THEN 'component'
        ELSE 'loops' END AS part,
    place, in_actual, in_expected, actual_state, expected_state,
    actual_stride, expected_stride, actual_extent, expected_extent,
    actual_origin - least(actual_origin, expected_origin) AS actual_shift,
    expected_origin - least(actual_origin, expected_origin)
        AS expected_shift,
    actual_labels, expected_labels,
    greatest(
        actual_origin + actual_extent, expected_origin + expected_extent
    ) - least(actual_origin, expected_origin) AS extent
FROM axis;

CREATE OR REPLACE VIEW _ordered_axis AS
FROM pair_axis WHERE meets IN ('order', 'name');

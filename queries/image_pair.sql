-- One row a pair of taps that are images on both sides: their dims are the
-- pixel's two, and at least half of the pixels are there.
--
-- Columns
-- pair, tap, tap_order  the pair of taps
-- axes  the expected image's grid (see tap_axes)
CREATE OR REPLACE TABLE image_pair AS
WITH picture AS (
    SELECT t.side, t.tap_id, x.axes
    FROM trace_tap AS t
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
    WHERE list_transform(x.axes, lambda a: a.dim) = x.pixel
        AND t.elements > 1
        AND 2 * t.elements >= list_reduce(
            list_transform(x.axes, lambda a: a.extent), lambda a, b: a * b
        )
)
SELECT p.pair, p.tap, p.tap_order, e.axes
FROM pair AS p
JOIN picture AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
JOIN picture AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap;

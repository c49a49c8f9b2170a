-- One row a pair of taps: how an ordinal turns into the pixel.
--
-- The index is ordinal // stride % extent + origin, of the expected ordinal
-- where that side states the dim, else of the actual one.
--
-- Columns
-- pair        the pair of taps
-- slow, fast  side, stride, extent and origin of the dim; NULL where no side
--             states it
CREATE OR REPLACE MACRO _stated_axis(grid, name, side) AS
    list_transform(list_filter(grid.axes, lambda x:
        x.dim = name AND NOT list_contains(grid.unknown, x.dim)
    ), lambda x: {
        'side': side, 'stride': x.stride, 'extent': x.extent,
        'origin': x.origin
    })[1];

CREATE OR REPLACE TABLE pair_pixel AS
SELECT
    p.pair,
    coalesce(
        _stated_axis(e, e.pixel[1], 'expected'),
        _stated_axis(a, e.pixel[1], 'actual')
    ) AS slow,
    coalesce(
        _stated_axis(e, e.pixel[2], 'expected'),
        _stated_axis(a, e.pixel[2], 'actual')
    ) AS fast
FROM pair AS p
JOIN tap_axes AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap;

-- One row a tap of a trace: its grid, ready to turn ordinals into indices.
--
-- Columns
-- side, tap_id  the tap
-- axes          dim, stride, extent and origin of every axis, in order; the
--               index along one is ordinal // stride % extent + origin
-- pixel         the names of the pixel's two dims
-- unknown       dims whose index the trace doesn't state
-- labels        names of the components
CREATE OR REPLACE TABLE tap_axes AS
SELECT
    t.side, t.tap_id,
    coalesce(list({
        'dim': g.dim, 'stride': g.stride, 'extent': greatest(g.extent, 1),
        'origin': g.origin
    } ORDER BY g.position) FILTER (g.dim IS NOT NULL), []) AS axes,
    any_value(r.pixel_dims) AS pixel,
    coalesce(
        list(g.dim ORDER BY g.position) FILTER (g.state = 'unknown'), []
    ) AS unknown,
    any_value(g.labels) FILTER (g.dim = 'component') AS labels
FROM trace_tap AS t
JOIN trace_run AS r ON r.side = t.side
LEFT JOIN trace_grid AS g ON t.side = g.side AND t.tap_id = g.tap_id
GROUP BY t.side, t.tap_id;

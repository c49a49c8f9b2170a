-- One row a tap and an index along a dim: how the error runs along a loop.
--
-- Parameters
-- along     the loop index or axis ("phi", "slow"); NULL for all
-- tap_glob  name or glob of the taps; NULL for all
--
-- Columns
-- tap         the tap
-- dim         the loop index or axis
-- index       the index along the dim
-- compared    numbers at this index
-- diverged    how many of them are not close
-- nan_mismatches  NaN on one side only
-- max_abs_error, max_rel_error, max_ulps  the largest at this index
CREATE OR REPLACE MACRO error_along(along := NULL, tap_glob := NULL) AS TABLE
WITH axis AS (
    SELECT p.pair, 'expected' AS side, unnest(list_filter(e.axes,
        lambda x: NOT list_contains(e.unknown, x.dim))) AS axis
    FROM pair AS p
    JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
    UNION ALL
    SELECT p.pair, 'actual', unnest(list_filter(a.axes,
        lambda x: NOT list_contains(a.unknown, x.dim)))
    FROM pair AS p
    JOIN tap_axes AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
),
chosen AS (
    SELECT pair, side, axis
    FROM axis
    WHERE along IS NULL OR axis.dim = along
    QUALIFY row_number() OVER (
        PARTITION BY pair, axis.dim ORDER BY side DESC
    ) = 1
)
SELECT
    l.tap, c.axis.dim AS dim,
    CASE c.side WHEN 'expected' THEN l.expected_ordinal
        ELSE l.actual_ordinal END
    // c.axis.stride % c.axis.extent + c.axis.origin AS index,
    count(*) AS compared, count(*) FILTER (NOT l.close) AS diverged,
    count(*) FILTER (l.class = 'nan mismatch') AS nan_mismatches,
    max(l.abs_error) FILTER (NOT isnan(l.abs_error)) AS max_abs_error,
    max(l.rel_error) FILTER (NOT isnan(l.rel_error)) AS max_rel_error,
    max(l.ulps) AS max_ulps
FROM located AS l
JOIN chosen AS c USING (pair)
WHERE tap_glob IS NULL OR l.tap = tap_glob OR l.tap GLOB tap_glob
GROUP BY l.number, l.tap, 2, 3
ORDER BY l.number, 2, 3;

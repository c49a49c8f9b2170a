-- One row dims along which the side that may lack a number reports only some
-- places: selected pixels, a fixed loop index, a part of a vector.
--
-- Only dims count that both taps of the pair have and that meet by index. A
-- limit for one tap replaces one of the same dims for all taps.
--
-- Columns
-- pair, missing  the pair of taps; the side that may lack a number
-- number         number of the limit
-- limits         how many limits this side of the pair has
-- dims           the dims
-- selected       the indices that are reported, a list in the order of dims
--                for each place
-- axes           these dims in the grid of the side that has the number
CREATE OR REPLACE TABLE reach_limit AS
WITH side AS (
    SELECT
        pair, tap, 'actual' AS missing, actual_tap AS missing_tap,
        'expected' AS side, expected_tap AS tap_id
    FROM pair WHERE problem IS NULL
    UNION ALL
    SELECT pair, tap, 'expected', expected_tap, 'actual', actual_tap
    FROM pair WHERE problem IS NULL
),
stated AS (
    SELECT s.pair, s.missing, s.side, s.tap_id, c.dims, c.kind, c.selected
    FROM side AS s
    JOIN trace_coverage AS c ON c.side = s.missing AND c.tap IN ('', s.tap)
    QUALIFY c.tap = s.tap OR count(*) FILTER (c.tap = s.tap) OVER (
        PARTITION BY s.pair, s.missing, c.dims
    ) = 0
    UNION ALL
    SELECT
        s.pair, s.missing, s.side, s.tap_id, [g.dim], 'selected',
        list_transform(
            range(g.origin, g.origin + g.extent), lambda x: [x]
        )
    FROM side AS s
    JOIN trace_grid AS g ON g.side = s.missing AND g.tap_id = s.missing_tap
    WHERE g.state = 'fixed' OR (g.dim = 'component' AND g.origin > 0)
),
shared AS (
    SELECT pair, list(dim) AS dims
    FROM pair_axis
    WHERE meets = 'index' AND in_actual AND in_expected
    GROUP BY pair
),
fitted AS (
    SELECT
        s.pair, s.missing, s.dims,
        CASE s.kind WHEN 'selected' THEN s.selected ELSE [] END AS selected,
        list_filter(a.axes, lambda x: list_contains(s.dims, x.dim)
            AND list_contains(h.dims, x.dim)) AS axes
    FROM stated AS s
    JOIN tap_axes AS a ON a.side = s.side AND a.tap_id = s.tap_id
    JOIN shared AS h ON h.pair = s.pair
    WHERE s.kind <> 'all'
)
SELECT
    pair, missing, row_number() OVER (ORDER BY pair, missing, dims) AS number,
    count(*) OVER (PARTITION BY pair, missing) AS limits,
    dims, selected, axes
FROM fitted
WHERE len(axes) > 0;

CREATE OR REPLACE MACRO _limits_of(pair_number, lacking) AS TABLE
SELECT number, axes
FROM reach_limit
WHERE pair = pair_number::BIGINT AND missing = lacking
ORDER BY number;

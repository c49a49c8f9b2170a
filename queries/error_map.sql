-- One row a block of pixels of a tap: a coarse map of where it is wrong.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all
-- block     pixels along each side of a block; NULL for at most 16 blocks
--           along each dim
--
-- Columns
-- tap         the tap
-- block       pixels along each side of the block
-- slow, fast  the first pixel of the block
-- compared    numbers in the block
-- diverged    how many of them are not close
-- nan_mismatches  NaN on one side only
-- max_abs_error, max_rel_error, max_ulps  the largest in the block
CREATE OR REPLACE MACRO error_map(tap_glob := NULL, block := NULL) AS TABLE
WITH size AS (
    SELECT pair, coalesce(block::BIGINT, greatest(
        coalesce(slow.extent, 1), coalesce(fast.extent, 1)
    ) // 16 + 1) AS size
    FROM pair_pixel
    WHERE slow IS NOT NULL OR fast IS NOT NULL
),
part AS (
    SELECT
        l.pair, s.size AS block, l.slow // s.size * s.size AS slow,
        l.fast // s.size * s.size AS fast, count(*) AS compared,
        count(*) FILTER (NOT l.close) AS diverged,
        count(*) FILTER (l.class = 'nan mismatch') AS nan_mismatches,
        max(l.abs_error) FILTER (NOT isnan(l.abs_error)) AS max_abs_error,
        max(l.rel_error) FILTER (NOT isnan(l.rel_error)) AS max_rel_error,
        max(l.ulps) AS max_ulps
    FROM judged AS l
    JOIN size AS s USING (pair)
    -- images that lie over each other are read by _stacked_map
    WHERE (block IS NOT NULL
            OR NOT list_contains(getvariable('stacked_pairs'), l.pair))
        AND (tap_glob IS NULL OR l.tap = tap_glob OR l.tap GLOB tap_glob)
    GROUP BY 1, 2, 3, 4
    UNION ALL BY NAME
    FROM _stacked_map WHERE block IS NULL
)
SELECT
    n.tap, m.block, m.slow, m.fast, sum(m.compared)::BIGINT AS compared,
    sum(m.diverged)::BIGINT AS diverged,
    sum(m.nan_mismatches)::BIGINT AS nan_mismatches,
    max(m.max_abs_error) AS max_abs_error,
    max(m.max_rel_error) AS max_rel_error, max(m.max_ulps) AS max_ulps
FROM part AS m
JOIN pair AS p ON p.pair = m.pair
JOIN (
    SELECT tap, min(number) AS number FROM tap_number GROUP BY tap
) AS n ON n.tap = p.tap
WHERE tap_glob IS NULL OR n.tap = tap_glob OR n.tap GLOB tap_glob
GROUP BY n.number, n.tap, m.block, m.slow, m.fast
ORDER BY n.number, m.block, m.slow, m.fast;

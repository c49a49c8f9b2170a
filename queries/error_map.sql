-- One row a block of pixels of a tap: a coarse map of where it is wrong.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all
-- block     pixels along each side of a block
--
-- Columns
-- tap         the tap
-- slow, fast  the first pixel of the block
-- compared    numbers in the block
-- diverged    how many of them are not close
-- nan_mismatches  NaN on one side only
-- max_abs_error, max_rel_error, max_ulps  the largest in the block
CREATE OR REPLACE MACRO error_map(tap_glob := NULL, block := 64) AS TABLE
SELECT
    tap,
    slow // block::BIGINT * block::BIGINT AS slow,
    fast // block::BIGINT * block::BIGINT AS fast,
    count(*) AS compared, count(*) FILTER (NOT close) AS diverged,
    count(*) FILTER (class = 'nan mismatch') AS nan_mismatches,
    max(abs_error) FILTER (NOT isnan(abs_error)) AS max_abs_error,
    max(rel_error) FILTER (NOT isnan(rel_error)) AS max_rel_error,
    max(ulps) AS max_ulps
FROM located
WHERE (tap_glob IS NULL OR tap = tap_glob OR tap GLOB tap_glob)
    AND (slow IS NOT NULL OR fast IS NOT NULL)
GROUP BY number, tap, 2, 3
ORDER BY number, 2, 3;

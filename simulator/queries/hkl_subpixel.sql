-- Numbered tap 5.1: the Miller indices of a pixel's samples.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side             which trace
-- total_subpixels  how many samples
-- subpixels        each one: its loop indices, fractional and nearest
--                  indices, structure factor (NULL where it wasn't looked
--                  up), and whether the nearest indices lie outside the
--                  table
WITH bound AS (
    SELECT
        side,
        list(value ORDER BY component) FILTER (tap = 'hkl_min') AS low,
        list(value ORDER BY component) FILTER (tap = 'hkl_max') AS high
    FROM element
    WHERE tap IN ('hkl_min', 'hkl_max')
    GROUP BY side
),
sample AS (
    SELECT
        side, coordinate,
        list(value ORDER BY component) FILTER (tap = 'hkl_frac')
            AS fractional,
        list(value ORDER BY component) FILTER (tap = 'hkl_rounded')::BIGINT[]
            AS rounded,
        any_value(value) FILTER (tap = 'F_cell') AS F_cell,
        min(ordinal) FILTER (tap = 'hkl_rounded') AS place
    FROM element
    WHERE tap IN ('hkl_frac', 'hkl_rounded', 'F_cell')
        AND slow = $slow::BIGINT AND fast = $fast::BIGINT
    GROUP BY ALL
)
SELECT
    side,
    count(*) AS total_subpixels,
    list({
        'loop_indices': coordinate,
        'subpixel_index': [coordinate['sub_slow'], coordinate['sub_fast']],
        'hkl_fractional': fractional,
        'hkl_rounded': rounded,
        'F_cell': F_cell,
        'out_of_bounds': coalesce(
            rounded[1] NOT BETWEEN low[1] AND high[1]
            OR rounded[2] NOT BETWEEN low[2] AND high[2]
            OR rounded[3] NOT BETWEEN low[3] AND high[3], false)
    } ORDER BY place) AS subpixels
FROM sample
LEFT JOIN bound USING (side)
GROUP BY side
ORDER BY side;

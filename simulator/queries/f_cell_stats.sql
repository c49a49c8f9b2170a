-- Numbered tap 4: what a pixel's structure factors were looked up to be.
--
-- Parameters
-- slow, fast  the pixel
--
-- Columns
-- side                 which trace
-- total_lookups        samples that asked for a structure factor
-- out_of_bounds_count  of them, those whose nearest indices lie outside the
--                      table; 0 where there is no table
-- zero_f_count         of them, those that got 0
-- mean_f_cell          electron
-- hkl_bounds           lowest and highest nearest indices of the pixel
WITH nearest AS (
    SELECT
        i.side, i.coordinate, i.label,
        any_value(i.value)::BIGINT AS i,
        coalesce(bool_or(i.value < low.value OR i.value > high.value), false)
            AS outside
    FROM element AS i
    LEFT JOIN element AS low
        ON low.side = i.side AND low.tap = 'hkl_min' AND low.label = i.label
    LEFT JOIN element AS high
        ON high.side = i.side AND high.tap = 'hkl_max'
        AND high.label = i.label
    WHERE i.tap = 'hkl_rounded'
        AND i.slow = $slow::BIGINT AND i.fast = $fast::BIGINT
    GROUP BY ALL
),
sample AS (
    SELECT
        side, coordinate, bool_or(outside) AS outside,
        any_value(i) FILTER (label = 'h') AS h,
        any_value(i) FILTER (label = 'k') AS k,
        any_value(i) FILTER (label = 'l') AS l
    FROM nearest
    GROUP BY ALL
)
SELECT
    F.side,
    count(*) AS total_lookups,
    count(*) FILTER (outside) AS out_of_bounds_count,
    count(*) FILTER (F.value = 0) AS zero_f_count,
    favg(F.value) AS mean_f_cell,
    {
        'h_min': min(h), 'h_max': max(h), 'k_min': min(k), 'k_max': max(k),
        'l_min': min(l), 'l_max': max(l)
    } AS hkl_bounds
FROM element AS F
LEFT JOIN sample USING (side, coordinate)
WHERE F.tap = 'F_cell'
    AND F.slow = $slow::BIGINT AND F.fast = $fast::BIGINT
GROUP BY F.side
ORDER BY F.side;

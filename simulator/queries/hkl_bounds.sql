-- Numbered tap 5.2: the table of structure factors that a run used.
--
-- Columns
-- side       which trace
-- source     "none", "hkl file" or "Fdump.bin"
-- hkls       how many structure factors the source holds
-- h_min, h_max, k_min, k_max, l_min, l_max  the table's bounds; NULL without
--            a table
-- default_F  electron, of all that lies outside
WITH fact AS (
    SELECT
        side,
        any_value(text) FILTER (key = 'structure_factors') AS source,
        any_value(value) FILTER (key = 'hkls')::BIGINT AS hkls,
        any_value(value) FILTER (key = 'default_F') AS default_F
    FROM config
    GROUP BY side
),
bound AS (
    SELECT
        side,
        list(value ORDER BY component) FILTER (tap = 'hkl_min')::BIGINT[]
            AS low,
        list(value ORDER BY component) FILTER (tap = 'hkl_max')::BIGINT[]
            AS high
    FROM element
    WHERE tap IN ('hkl_min', 'hkl_max')
    GROUP BY side
)
SELECT
    side, source, hkls,
    low[1] AS h_min, high[1] AS h_max, low[2] AS k_min, high[2] AS k_max,
    low[3] AS l_min, high[3] AS l_max, default_F
FROM fact
LEFT JOIN bound USING (side)
ORDER BY side;

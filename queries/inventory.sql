-- One row a tap of either side: what each side has of it.
--
-- tap               the tap
-- unit              its unit, the expected side's first
-- actual_elements, expected_elements   numbers and texts; 0 where absent
-- actual_dims, expected_dims           dims with their extents
-- actual_merged, expected_merged       repeats of a log that were the same
CREATE OR REPLACE MACRO inventory() AS TABLE
WITH described AS (
    SELECT
        t.side, t.name, t.unit, t."order", t.elements, t.merged,
        coalesce(string_agg(
            g.dim || '=' || g.extent, ' ' ORDER BY g.position
        ), '') AS dims
    FROM trace_tap AS t
    LEFT JOIN trace_grid AS g ON g.side = t.side AND g.tap_id = t.tap_id
    GROUP BY ALL
)
SELECT
    name AS tap,
    coalesce(
        any_value(unit) FILTER (side = 'expected'), any_value(unit)
    ) AS unit,
    coalesce(sum(elements) FILTER (side = 'actual'), 0)::BIGINT
        AS actual_elements,
    coalesce(sum(elements) FILTER (side = 'expected'), 0)::BIGINT
        AS expected_elements,
    string_agg(DISTINCT dims, '; ' ORDER BY dims) FILTER (side = 'actual')
        AS actual_dims,
    string_agg(DISTINCT dims, '; ' ORDER BY dims) FILTER (side = 'expected')
        AS expected_dims,
    coalesce(sum(merged) FILTER (side = 'actual'), 0)::BIGINT AS actual_merged,
    coalesce(sum(merged) FILTER (side = 'expected'), 0)::BIGINT
        AS expected_merged
FROM described
WHERE side IN ('actual', 'expected')
GROUP BY name
ORDER BY
    min("order") FILTER (side = 'expected') NULLS LAST, min("order"), name;

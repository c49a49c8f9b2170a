-- One row a tap of either side: what each side has of it.
--
-- Columns
-- tap                                 the tap
-- unit                                its unit, the expected side's first
-- actual_elements, expected_elements  numbers and texts; 0 where absent
-- actual_dims, expected_dims          dims with their extents
-- actual_merged, expected_merged      repeats of a log that were the same
CREATE OR REPLACE MACRO inventory() AS TABLE
SELECT
    t.name AS tap,
    coalesce(
        any_value(t.unit ORDER BY t.tap_id) FILTER (t.side = 'expected'),
        any_value(t.unit ORDER BY t.tap_id)
    ) AS unit,
    coalesce(sum(t.elements) FILTER (t.side = 'actual'), 0)::BIGINT
        AS actual_elements,
    coalesce(sum(t.elements) FILTER (t.side = 'expected'), 0)::BIGINT
        AS expected_elements,
    string_agg(d.dims, '; ' ORDER BY t.tap_id) FILTER (t.side = 'actual')
        AS actual_dims,
    string_agg(d.dims, '; ' ORDER BY t.tap_id) FILTER (t.side = 'expected')
        AS expected_dims,
    coalesce(sum(t.merged) FILTER (t.side = 'actual'), 0)::BIGINT
        AS actual_merged,
    coalesce(sum(t.merged) FILTER (t.side = 'expected'), 0)::BIGINT
        AS expected_merged
FROM trace_tap AS t
JOIN (
    SELECT side, tap_id, array_to_string(list_transform(
        axes, lambda x: x.dim || '=' || x.extent
    ), ' ') AS dims
    FROM tap_axes
) AS d ON d.side = t.side AND d.tap_id = t.tap_id
WHERE t.side IN ('actual', 'expected')
GROUP BY t.name
ORDER BY
    min(t."order") FILTER (t.side = 'expected') NULLS LAST, min(t."order"),
    t.name;

-- One row a tap: its place in program order, for both sides.
--
-- A name that several kinds of line print, or that stands for several taps, has
-- a row for each of the expected side's that meets one: each fires at a time
-- of its own.
--
-- Columns
-- tap     the tap's name
-- expected_tap  its number in the expected side's trace; NULL if it met none
-- number  its place, from 1: the expected side's order, then what only the
--         actual side has
-- pixel   it has the pixel's two dims, or one of them, on a side
-- shared  both sides have it, and it could be compared
-- derived  one side's was made of other taps (see derived_taps)
CREATE OR REPLACE TABLE tap_number AS
WITH named AS (
    SELECT
        t.name AS tap, p.expected_tap,
        min(t."order") FILTER (t.side = 'expected') AS expected_order,
        min(t."order") AS any_order,
        bool_or(len(list_filter(
            x.axes, lambda a: list_contains(x.pixel, a.dim)
        )) > 0) AS pixel,
        coalesce(bool_or(p.compared), FALSE) AS shared,
        bool_or(t.family = 'derived') AS derived
    FROM trace_tap AS t
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
    LEFT JOIN (
        SELECT
            'actual' AS side, actual_tap AS tap_id, expected_tap,
            problem IS NULL AS compared
        FROM pair
        UNION ALL
        SELECT 'expected', expected_tap, expected_tap, problem IS NULL
        FROM pair
    ) AS p ON p.side = t.side AND p.tap_id = t.tap_id
    WHERE t.side IN ('actual', 'expected')
    GROUP BY t.name, p.expected_tap
    QUALIFY p.expected_tap IS NOT NULL
        OR count(p.expected_tap) OVER (PARTITION BY t.name) = 0
)
SELECT
    tap, expected_tap, row_number() OVER (
        ORDER BY expected_order NULLS LAST, any_order, tap, expected_tap
    ) AS number,
    pixel, shared, derived
FROM named
ORDER BY number;

-- One row a tap's name: its place in program order, for both sides.
--
-- Columns
-- tap     the tap
-- number  its place, from 1: the expected side's order, then what only the
--         actual side has
-- pixel   it has the pixel's two dims, or one of them, on a side
-- shared  both sides have it, and it could be compared
-- derived  one side's was made of other taps (see derived_taps)
CREATE OR REPLACE TABLE tap_number AS
WITH named AS (
    SELECT
        t.name AS tap,
        min(t."order") FILTER (t.side = 'expected') AS expected_order,
        min(t."order") AS any_order,
        bool_or(len(list_filter(
            x.axes, lambda a: list_contains(x.pixel, a.dim)
        )) > 0) AS pixel,
        bool_or(t.family = 'derived') AS derived
    FROM trace_tap AS t
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
    WHERE t.side IN ('actual', 'expected')
    GROUP BY t.name
)
SELECT
    tap, row_number() OVER (
        ORDER BY expected_order NULLS LAST, any_order, tap
    ) AS number,
    pixel, EXISTS (
        FROM pair AS p WHERE p.tap = n.tap AND p.problem IS NULL
    ) AS shared,
    derived
FROM named AS n
ORDER BY number;

-- One row a gap: something that only one side has, or that can't be compared.
--
-- A coordinate counts as a gap only where both sides cover it: a recording of
-- two pixels covers these two, a log that prints source 0 alone covers that.
-- What only one side covers is not compared, and counted in unmatched.
--
-- tap        the tap
-- side       the side that lacks it ("actual" or "expected"); "both" where
--            the two don't fit each other
-- reason     what is wrong
-- required   the runs can't be called close because of it
-- elements   how many numbers it concerns
CREATE OR REPLACE MACRO gaps() AS TABLE
WITH absent AS (
    SELECT
        n.tap, CASE n.side WHEN 'actual' THEN 'expected' ELSE 'actual' END
            AS side,
        CASE WHEN n.declared
            THEN 'the tap is missing on the ' || CASE n.side
                WHEN 'actual' THEN 'expected' ELSE 'actual' END || ' side'
            ELSE 'the dialect of the ' || CASE n.side
                WHEN 'actual' THEN 'expected' ELSE 'actual' END
                || ' side declares no such tap'
        END AS reason,
        n.declared AND n.need = 'required' AS required,
        (
            SELECT coalesce(sum(t.elements), 0)::BIGINT FROM trace_tap AS t
            WHERE t.side = n.side AND t.name = n.tap
        ) AS elements,
        n.tap_order
    FROM need AS n
    WHERE n.covered AND n.need <> 'ignored' AND NOT EXISTS (
        FROM trace_tap AS t
        WHERE t.side <> n.side AND t.name = n.tap
            AND t.side IN ('actual', 'expected')
    )
),
misfit AS (
    SELECT
        p.tap, 'both' AS side, 'the actual side ' || p.problem AS reason,
        coalesce(bool_and(n.need = 'required'), TRUE) AS required,
        0::BIGINT AS elements, p.tap_order
    FROM pair AS p
    LEFT JOIN need AS n ON n.tap = p.tap
    WHERE p.problem IS NOT NULL
    GROUP BY p.pair, p.tap, p.problem, p.tap_order
),
hole AS (
    SELECT
        u.tap, u.missing AS side,
        format(
            '{} of its numbers are missing on the {} side, the first at {}',
            count(*), u.missing, arg_min(u.coordinate, u.ordinal)
        ) AS reason,
        coalesce(bool_and(n.need = 'required'), TRUE) AS required,
        count(*) AS elements, min(u.tap_order) AS tap_order
    FROM unmatched AS u
    LEFT JOIN need AS n ON n.tap = u.tap AND n.side <> u.missing
    WHERE u.covered
    GROUP BY u.tap, u.missing, u.pair
)
SELECT tap, side, reason, required, elements
FROM (FROM absent UNION ALL BY NAME FROM misfit UNION ALL BY NAME FROM hole)
ORDER BY NOT required, tap_order, tap, side, reason;

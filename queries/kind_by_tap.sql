-- One row a kind of error that is another tap's value, by tap.
--
-- All numbers that were tried (see kind_sample) must be those of the other tap
-- at the same coordinate; the two taps have the same grid. One number alone
-- proves it only if it isn't round, as 3 or 0.25 are.
--
-- Columns
-- pair      the pair of taps
-- kind      see error_kinds
-- evidence  what proves it
-- numbers   how many numbers show it
CREATE OR REPLACE VIEW kind_by_tap AS
WITH other AS (
    SELECT s.pair, t.side, o.tap_id, o.name AS tap
    FROM (
        SELECT DISTINCT pair, actual_tap, expected_tap FROM kind_sample
    ) AS s
    JOIN (
        SELECT 'expected' AS side UNION ALL SELECT 'actual'
    ) AS t ON TRUE
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = CASE t.side
        WHEN 'expected' THEN s.expected_tap ELSE s.actual_tap END
    JOIN tap_axes AS y ON y.side = t.side AND y.tap_id <> x.tap_id
        AND y.axes = x.axes
    JOIN trace_tap AS own ON own.side = x.side AND own.tap_id = x.tap_id
    JOIN trace_tap AS o ON o.side = y.side AND o.tap_id = y.tap_id
        AND o.name <> own.name
),
-- what a tap's numbers should be if they were the other tap's
claim AS MATERIALIZED (
    SELECT
        s.pair, o.side, o.tap_id, o.tap, s.few, s.of, s.half_place, s.rtol,
        CASE o.side WHEN 'expected' THEN s.actual ELSE s.expected END AS value,
        CASE o.side WHEN 'expected' THEN s.expected_ordinal
            ELSE s.actual_ordinal END AS ordinal
    FROM kind_sample AS s
    JOIN other AS o ON o.pair = s.pair
),
-- a few numbers rule out nearly every tap
likely AS MATERIALIZED (
    SELECT c.pair, c.side, c.tap_id
    FROM trace_element AS e
    JOIN (FROM claim WHERE few) AS c ON e.side = c.side
        AND e.tap_id = c.tap_id AND e.ordinal = c.ordinal
    GROUP BY c.pair, c.side, c.tap_id
    HAVING bool_and(_same(c.value, _number(e), c.half_place, c.rtol))
        AND count(*) = least(4, any_value(c.of - c.of // 2))
),
shown AS (
    SELECT
        c.pair, c.side, any_value(c.tap) AS tap, count(*) AS numbers
    FROM trace_element AS e
    JOIN (
        FROM claim SEMI JOIN likely USING (pair, side, tap_id)
    ) AS c ON e.side = c.side AND e.tap_id = c.tap_id
        AND e.ordinal = c.ordinal
    GROUP BY c.pair, c.side, c.tap_id
    HAVING bool_and(_same(c.value, _number(e), c.half_place, c.rtol))
        AND count(*) = any_value(c.of)
        AND (min(_number(e)) <> max(_number(e))
            OR min(_number(e)) * 1000 <> trunc(min(_number(e)) * 1000))
)
SELECT
    pair, 'value of another tap' AS kind,
    format('{} is {} of the {} side', CASE side WHEN 'expected' THEN 'actual'
        ELSE 'expected' END, tap, side) AS evidence,
    numbers
FROM shown;

-- One row a kind of error that another tap's value explains, by tap.
--
-- All numbers that were tried (see kind_sample) must be those of the other tap
-- at the same coordinate, or wrong by it as a term or as a factor, which may
-- be its square, or times a constant where the tap varies; the two taps have
-- the same grid. One number alone proves it only if it isn't round, as 3 or
-- 0.25 are.
--
-- Columns
-- pair      the pair of taps
-- kind      see error_kinds
-- evidence  what proves it
-- numbers   how many numbers show it
CREATE OR REPLACE MACRO _quotient(how, power, value, error, number) AS
    -- 1 for the number that was wanted; of factors what is constant in them
    CASE
        WHEN how IN ('*', '/')
            THEN nullif(value / nullif(number, 0) ** power, 'inf'::DOUBLE)
        WHEN value = number OR abs(value - number) <= error THEN 1::DOUBLE
    END;

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
-- what a tap's number, or its power, should be if it were the other tap's, or
-- the factor or the term between the two sides, and the error of that
wanted AS (
    SELECT
        s.pair, s.few, s.of, w.*, CASE w.side WHEN 'expected'
            THEN s.expected_ordinal ELSE s.actual_ordinal END AS ordinal
    FROM (
        SELECT
            *, actual - expected AS shift, actual / nullif(expected, 0)
                AS ratio,
            (half_place / nullif(abs(expected), 0) + 2 * rtol) AS rel_error,
            half_place + 1e-2::DOUBLE * rtol
                * greatest(abs(actual), abs(expected)) AS shift_error
        FROM kind_sample
    ) AS s
    CROSS JOIN LATERAL (VALUES
        ('actual', '', 1, expected, half_place + rtol * abs(expected)),
        ('expected', '', 1, actual, half_place + rtol * abs(actual)),
        ('expected', '+', 1, shift, shift_error),
        ('expected', '-', 1, -shift, shift_error),
        ('expected', '*', 1, ratio, rel_error),
        ('expected', '*', 2, ratio, rel_error),
        ('expected', '/', 1, 1 / nullif(ratio, 0), rel_error),
        ('expected', '/', 2, 1 / nullif(ratio, 0), rel_error)
    ) AS w(side, how, power, value, error)
    WHERE CASE
        WHEN w.how IN ('*', '/') THEN w.error <= 1e-3::DOUBLE
        WHEN w.how = '' THEN TRUE
        ELSE abs(w.value) > 100 * w.error
    END
),
-- a few numbers rule out nearly every tap
few AS MATERIALIZED (
    SELECT o.*, w.* EXCLUDE (pair, side)
    FROM wanted AS w
    JOIN other AS o USING (pair, side)
    WHERE w.few
),
likely AS MATERIALIZED (
    SELECT pair, side, tap_id, tap, how, power
    FROM (
        SELECT
            w.*, _quotient(w.how, w.power, w.value, w.error, _number(e))
                AS quotient
        FROM trace_element AS e
        JOIN few AS w ON e.side = w.side AND e.tap_id = w.tap_id
            AND e.ordinal = w.ordinal
    )
    GROUP BY pair, side, tap_id, tap, how, power
    HAVING count(quotient) = least(4, any_value(of - of // 2))
        AND max(quotient) - min(quotient)
            <= 2 * max(error) * max(abs(quotient))
),
claim AS MATERIALIZED (
    FROM wanted JOIN likely USING (pair, side, how, power)
),
shown AS (
    SELECT
        pair, side, tap, how, power, count(*) AS numbers,
        arg_max(quotient, abs(quotient)) AS constant,
        abs(constant - 1) <= max(error) OR bool_and(how NOT IN ('*', '/'))
            AS alone
    FROM (
        SELECT
            c.*, _number(e) AS number,
            _quotient(c.how, c.power, c.value, c.error, _number(e))
                AS quotient
        FROM trace_element AS e
        JOIN claim AS c ON e.side = c.side AND e.tap_id = c.tap_id
            AND e.ordinal = c.ordinal
    )
    GROUP BY pair, side, tap, how, power
    HAVING count(quotient) = any_value(of)
        AND max(quotient) - min(quotient)
            <= 2 * max(error) * max(abs(quotient))
        AND (alone OR count(*) > 2 AND max(number) - min(number)
            > 100 * max(error) * max(abs(number)))
        AND (min(number) <> max(number)
            OR min(number) * 1000 <> trunc(min(number) * 1000))
)
SELECT
    pair, CASE how WHEN '' THEN 'value of another tap'
        WHEN '*' THEN 'factor of another tap'
        WHEN '/' THEN 'factor of another tap'
        ELSE 'term of another tap' END AS kind,
    CASE WHEN how = '' THEN format('{} is {} of the {} side', CASE side
            WHEN 'expected' THEN 'actual' ELSE 'expected' END, tap, side)
        ELSE 'actual = ' || CASE WHEN alone THEN '' ELSE
            format('{:.12g} * ', CASE how WHEN '*' THEN constant
                ELSE 1 / constant END) END
            || format('expected {} {}', how, tap)
            || CASE power WHEN 2 THEN '^2' ELSE '' END
    END AS evidence,
    numbers
FROM shown;

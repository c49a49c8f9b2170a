-- One row a kind of error that the two numbers alone prove, by tap: zeros, one
-- number for all, a constant factor or offset, a square or a reciprocal,
-- float32 precision, last bits.
--
-- All numbers of the tap that diverged must show it, to the digits that were
-- printed and the tap's rtol (1e-3 at most); of very many, all that are tried.
-- NaN and infinities are left out.
--
-- Columns
-- pair      the pair of taps
-- kind      see error_kinds
-- evidence  what proves it
-- numbers   how many numbers show it
CREATE OR REPLACE MACRO _kind_rtol(rtol) AS
    least(greatest(rtol, 1e-12::DOUBLE), 1e-3::DOUBLE);

CREATE OR REPLACE MACRO _short(x) AS
    -- 12 bits hold it: 3 or 0.25 says nothing of the type that it came from
    x = 0 OR x / pow(2::DOUBLE, floor(log2(abs(x))) - 11)
        = trunc(x / pow(2::DOUBLE, floor(log2(abs(x))) - 11));

CREATE OR REPLACE MACRO _powered(x, y, power, rtol, half_place) AS
    -- x is a power of y, to what both sides round and print
    coalesce(abs(x / y ** power - 1) <= least(4 * rtol
        + 2 * half_place * (1 / abs(x) + 1 / abs(y)), 1e-3::DOUBLE), FALSE);

-- numbers that diverged, finite ones; of a large tap that meets by position
-- about 32768 of a few parts of it, spread as kind_sample has it
CREATE OR REPLACE VIEW _met_some AS
FROM _met_by_key UNION ALL BY NAME FROM _met_tried;

CREATE OR REPLACE VIEW _aligned_tried AS FROM _aligned('_met_some');

CREATE OR REPLACE VIEW _judged_tried AS FROM _judged('_aligned_tried');

CREATE OR REPLACE VIEW _kind_number AS
SELECT
    d.pair, d.expected_tap, d.expected_ordinal, d.actual_tap,
    d.actual_ordinal, d.actual, d.expected, d.ulps, d.rel_error, d.half_place,
    d.actual_exact IS NULL AND d.expected_exact IS NULL AS floats,
    p.precision, _kind_rtol(p.rtol) AS rtol
FROM query_table(getvariable('tried')) AS d
JOIN pair AS p USING (pair)
WHERE NOT d.close AND d.class = 'number' AND isfinite(d.actual)
    AND isfinite(d.expected);

CREATE OR REPLACE VIEW kind_by_value AS
WITH number AS (
    SELECT
        *, CASE WHEN actual <> 0 AND expected <> 0 THEN actual / expected END
            AS ratio,
        actual - expected AS shift
    FROM _kind_number
),
figures AS (
    SELECT
        pair, count(*) AS numbers, count(ratio) AS ratios,
        count(*) FILTER (actual = 0) AS actual_zeros,
        count(*) FILTER (expected = 0) AS expected_zeros,
        min(abs(expected)) <> max(abs(expected)) AS distinct_values,
        arg_max(ratio, abs(expected)) AS factor,
        min(ratio) AS least_factor, max(ratio) AS largest_factor,
        max(half_place / nullif(abs(expected), 0)) AS printed,
        max(rtol) AS rtol,
        arg_max(shift, abs(shift)) AS shift,
        min(shift) AS least_shift, max(shift) AS largest_shift,
        max(half_place + rtol * abs(expected) * 1e-2) AS shift_error,
        max(abs(expected)) AS signal,
        any_value(actual) AS one_actual, any_value(expected) AS one_expected,
        max(actual) = min(actual) AS constant_actual,
        max(expected) = min(expected) AS constant_expected,
        bool_and(_powered(actual, expected, 2, rtol, half_place))
            AS actual_square,
        bool_and(_powered(expected, actual, 2, rtol, half_place))
            AS expected_square,
        bool_and(_powered(actual, expected, -1, rtol, half_place))
            AS reciprocal,
        bool_and(floats) AS floats,
        bool_and(floats AND precision = 53) AS doubles,
        bool_and(_to_float(expected)::DOUBLE = actual) AS actual_rounded,
        bool_and(_to_float(actual)::DOUBLE = expected) AS expected_rounded,
        bool_and(_to_float(actual)::DOUBLE = actual)
            AND 2 * count(*) FILTER (_short(actual)) <= count(*)
            AS actual_narrow,
        bool_and(_to_float(expected)::DOUBLE = expected)
            AND 2 * count(*) FILTER (_short(expected)) <= count(*)
            AS expected_narrow,
        count(*) FILTER (_to_float(actual)::DOUBLE <> actual) AS actual_wide,
        count(*) FILTER (_to_float(expected)::DOUBLE <> expected)
            AS expected_wide,
        max(rel_error) AS max_rel_error,
        max(ulps) FILTER (floats) AS max_ulps
    FROM number
    GROUP BY pair
),
constant AS (
    -- the factor's own error: both sides' rounding and printing
    SELECT
        *, round(log10(abs(factor))) AS power,
        abs(factor) * least(2 * rtol + 2 * coalesce(printed, 0), 1e-3::DOUBLE)
            AS factor_error
    FROM figures
    WHERE ratios = numbers
),
factor AS (
    SELECT
        *, power <> 0
            AND abs(abs(factor) - 10::DOUBLE ** power) <= factor_error
            AND (distinct_values OR abs(power) > 1) AS ten
    FROM constant
    WHERE largest_factor - factor <= factor_error
        AND factor - least_factor <= factor_error
),
-- facts of which the factor is a power, each fact once
fact AS (
    SELECT f.pair, string_agg(DISTINCT c.key || CASE p.power WHEN 1 THEN ''
        ELSE '^' || p.power END, ' = ') AS fact,
        -- a count such as 10 steps; a length of 0.1 may be any power of ten
        bool_or(abs(c.value) > 1 AND c.value = trunc(c.value)) AS whole
    FROM factor AS f
    JOIN (
        SELECT DISTINCT key, value FROM config
        WHERE side IN ('actual', 'expected') AND counts
            AND abs(value) NOT IN (0, 1) AND isfinite(value)
    ) AS c ON TRUE
    CROSS JOIN (VALUES (1), (2), (3), (-1), (-2), (-3)) AS p(power)
    WHERE abs(abs(f.factor) - abs(c.value) ** p.power) <= f.factor_error
    GROUP BY f.pair
),
named AS (
    SELECT
        f.*, t.fact,
        CASE
            WHEN abs(factor + 1) <= factor_error THEN 'sign'
            WHEN ten AND t.whole IS NOT TRUE THEN 'power of ten'
            WHEN t.fact IS NOT NULL THEN 'power of a fact'
            WHEN least(
                abs(abs(factor) - pi() / 180), abs(abs(factor) - 180 / pi())
            ) <= factor_error THEN 'degrees and radians'
            WHEN least(
                abs(abs(factor) - 2 * pi()), abs(abs(factor) - 1 / (2 * pi()))
            ) <= factor_error THEN 'two pi'
            WHEN distinct_values AND numbers > 2 THEN 'factor'
        END AS kind
    FROM factor AS f
    LEFT JOIN fact AS t USING (pair)
),
found AS (
    SELECT
        pair, kind, numbers,
        concat_ws(
            '; ', format('actual = {:.12g} * expected', factor),
            format('{:.12g} = {}', abs(factor), fact),
            CASE WHEN ten THEN 'a unit?' END
        ) AS evidence
    FROM named
    WHERE kind IS NOT NULL
    UNION ALL BY NAME
    SELECT
        pair, 'zero' AS kind, numbers,
        CASE numbers WHEN actual_zeros THEN 'actual is 0, expected is not'
            ELSE 'expected is 0, actual is not' END AS evidence
    FROM figures
    WHERE numbers IN (actual_zeros, expected_zeros)
    UNION ALL BY NAME
    SELECT
        pair, 'one number' AS kind, numbers,
        CASE WHEN constant_actual
            THEN format('actual is {:.12g} in all of them', one_actual)
            ELSE format('expected is {:.12g} in all of them', one_expected)
        END AS evidence
    FROM figures
    WHERE numbers > CASE WHEN floats THEN 1 ELSE 7 END
        AND constant_actual <> constant_expected
        AND numbers NOT IN (actual_zeros, expected_zeros)
    UNION ALL BY NAME
    SELECT
        pair, 'power' AS kind, numbers,
        CASE WHEN actual_square THEN 'actual = expected^2'
            WHEN expected_square THEN 'expected = actual^2'
            ELSE 'actual = 1 / expected' END AS evidence
    FROM figures
    WHERE numbers > 2 AND distinct_values AND floats
        AND (actual_square OR expected_square OR reciprocal)
    UNION ALL BY NAME
    SELECT
        pair, 'offset' AS kind, numbers,
        format('actual = expected + {:.12g}', shift) AS evidence
    FROM figures
    WHERE numbers > 2 AND distinct_values
        AND largest_shift - least_shift <= 2 * shift_error
        AND abs(shift) > 100 * shift_error
    UNION ALL BY NAME
    SELECT
        pair, 'float32' AS kind, numbers,
        CASE
            WHEN actual_rounded THEN 'actual is expected rounded to float32'
            WHEN expected_rounded
                THEN 'expected is actual rounded to float32'
            WHEN actual_narrow
                THEN 'actual holds float32 numbers only, and is that near'
            ELSE 'expected holds float32 numbers only, and is that near'
        END AS evidence
    FROM figures
    WHERE doubles AND max_rel_error <= pow(2::DOUBLE, -16) AND (
        (actual_narrow AND expected_wide > greatest(1, numbers // 2))
        OR (expected_narrow AND actual_wide > greatest(1, numbers // 2))
    )
    UNION ALL BY NAME
    SELECT
        pair, 'last bits' AS kind, numbers,
        format('at most {} ulp{} apart', max_ulps,
            CASE max_ulps WHEN 1 THEN '' ELSE 's' END) AS evidence
    FROM figures
    WHERE max_ulps <= 16
)
SELECT pair, kind, evidence, numbers FROM found;

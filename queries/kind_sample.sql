-- One row a diverged number that kinds of error are tried on: finite, and at
-- most 2048 a pair of taps, spread over all of them by a fixed rule.
--
-- Columns
-- pair, expected_tap, expected_ordinal, actual_tap, actual_ordinal  see judged
-- actual, expected, half_place  see judged
-- rtol      how near is the same
-- of        how many numbers the sample of the pair has
-- few       it is one of four of them, near each other, that are tried first
CREATE OR REPLACE MACRO _same(a, b, half_place, rtol) AS
    a = b OR coalesce(abs(a - b) <= half_place + rtol * abs(b), FALSE);

CREATE OR REPLACE VIEW kind_sample AS
WITH chosen AS (
    SELECT
        pair, arg_min({
            'expected_tap': expected_tap, 'expected_ordinal': expected_ordinal,
            'actual_tap': actual_tap, 'actual_ordinal': actual_ordinal,
            'actual': actual, 'expected': expected, 'half_place': half_place,
            'rtol': rtol
        }, {
            'spread': expected_ordinal::HUGEINT * 2654435761 % 4294967291,
            'expected': expected_ordinal, 'actual': actual_ordinal
        }, 2048) AS numbers
    FROM _kind_number
    GROUP BY pair
)
SELECT
    *, row_number() OVER (
        PARTITION BY pair ORDER BY expected_ordinal, actual_ordinal
    ) - 1 - of // 2 BETWEEN 0 AND 3 AS few
FROM (
    SELECT pair, unnest(numbers, recursive := TRUE), len(numbers) AS of
    FROM chosen
);

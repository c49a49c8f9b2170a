-- One row a diverged number that kinds of error are tried on: finite, and at
-- most 2048 a pair of taps, spread over all of them by a fixed rule.
--
-- Columns
-- pair, expected_tap, expected_ordinal, actual_tap, actual_ordinal  see judged
-- actual, expected, half_place  see judged
-- rtol      how near is the same
-- number    which of the sample it is, from 1
-- of        how many numbers the sample of the pair has
CREATE OR REPLACE MACRO _same(a, b, half_place, rtol) AS
    a = b OR coalesce(abs(a - b) <= half_place + rtol * abs(b), FALSE);

CREATE OR REPLACE VIEW kind_sample AS
SELECT *, count(*) OVER (PARTITION BY pair) AS of
FROM (
    SELECT
        d.pair, d.expected_tap, d.expected_ordinal, d.actual_tap,
        d.actual_ordinal, d.actual, d.expected, d.half_place,
        _kind_rtol(p.rtol) AS rtol,
        row_number() OVER (
            PARTITION BY d.pair
            ORDER BY d.expected_ordinal::HUGEINT * 2654435761 % 4294967291,
                d.expected_ordinal, d.actual_ordinal
        ) AS number
    FROM divergence AS d
    JOIN pair AS p USING (pair)
    WHERE d.class = 'number' AND isfinite(d.actual) AND isfinite(d.expected)
    QUALIFY number <= 2048
);

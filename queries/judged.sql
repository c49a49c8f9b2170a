-- One row an aligned number: how far apart the sides are, and whether that is
-- close.
--
-- Rules of closeness, all in this place. Equal numbers are close: equal
-- infinities, and -0 beside 0. NaN on both sides is close and counted. NaN on
-- one side, a text beside a number, and unequal texts diverge. Integers are
-- compared without rounding. Otherwise the error may be
--     max(atol, rtol * scale) + half a unit of the last printed place,
-- or max_ulps units in the last place. A comparison that is neither true nor
-- false (an error of infinity minus infinity) is never close.
--
-- All columns of aligned, and
-- class      "number", "nan" (both), "nan mismatch", "text", "text mismatch"
-- abs_error  |actual - expected|; NULL for texts and NaN
-- rel_error  abs_error / |expected|; infinite beside an expected 0
-- ulps       units in the last place between them, of the coarser type; the
--            difference of integers
-- allowed    the error that the tolerance allows here
-- close      whether they are close
CREATE OR REPLACE VIEW judged AS
WITH vector AS (
    SELECT a.pair, a.key // a.size AS vector, max(abs(a.expected)) AS largest
    FROM aligned AS a
    JOIN pair AS p USING (pair)
    WHERE p.size > 1 AND isfinite(a.expected)
    GROUP BY a.pair, a.key // a.size
),
measured AS (
    SELECT
        a.*, r.rtol, r.atol, r.max_ulps,
        CASE
            WHEN a.actual_text IS NOT NULL OR a.expected_text IS NOT NULL
                THEN CASE WHEN a.actual_text = a.expected_text
                    THEN 'text' ELSE 'text mismatch' END
            WHEN isnan(a.actual) AND isnan(a.expected) THEN 'nan'
            WHEN isnan(a.actual) OR isnan(a.expected) THEN 'nan mismatch'
            ELSE 'number'
        END AS class,
        CASE
            WHEN isnan(a.actual) OR isnan(a.expected) THEN NULL
            WHEN a.actual_exact IS NOT NULL AND a.expected_exact IS NOT NULL
                THEN abs(a.actual_exact - a.expected_exact)::DOUBLE
            WHEN a.actual = a.expected THEN 0::DOUBLE
            ELSE abs(a.actual - a.expected)
        END AS abs_error,
        CASE WHEN r.relative_to = 'vector'
            THEN greatest(coalesce(v.largest, 0), abs(a.expected))
            ELSE abs(a.expected)
        END AS scale
    FROM aligned AS a
    JOIN rule AS r USING (pair)
    LEFT JOIN vector AS v
        ON v.pair = a.pair AND v.vector = a.key // a.size
),
bounded AS (
    SELECT
        *,
        CASE
            WHEN abs_error = 0 THEN 0::DOUBLE
            ELSE abs_error / abs(expected)
        END AS rel_error,
        CASE
            WHEN actual_exact IS NOT NULL AND expected_exact IS NOT NULL
                THEN least(
                    abs(actual_exact - expected_exact),
                    9223372036854775807::HUGEINT
                )::BIGINT
            ELSE ulp_distance(actual, expected, precision)
        END AS ulps,
        CASE
            WHEN actual_exact IS NOT NULL AND expected_exact IS NOT NULL
                THEN atol
            ELSE greatest(
                atol, CASE WHEN isfinite(scale) THEN rtol * scale ELSE 0 END
            )
        END + half_place AS allowed
    FROM measured
)
SELECT
    * EXCLUDE (rtol, atol, max_ulps, scale),
    CASE class
        WHEN 'text' THEN TRUE
        WHEN 'text mismatch' THEN FALSE
        WHEN 'nan' THEN TRUE
        WHEN 'nan mismatch' THEN FALSE
        ELSE abs_error = 0
            OR coalesce(isfinite(abs_error) AND abs_error <= allowed, FALSE)
            OR coalesce(isfinite(abs_error) AND ulps <= max_ulps, FALSE)
    END AS close
FROM bounded;

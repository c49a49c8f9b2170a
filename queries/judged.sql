-- One row an aligned number: how far apart the sides are, and whether that is
-- close.
--
-- Rules of closeness, all in this place. Equal numbers are close: equal
-- infinities, and -0 beside 0. NaN on both sides is close and counted. NaN on
-- one side, a text beside a number, and unequal texts diverge. Integers are
-- compared without rounding, and beside each other only atol is allowed.
-- Otherwise the error may be
--     max(atol, rtol * scale) + half a unit of the last printed place,
-- or max_ulps units in the last place. scale is the expected number or, with
-- relative_to = "vector", the largest finite one of its vector. Denormals are
-- numbers as any other. A comparison that is neither true nor false (an error
-- of infinity minus infinity) is never close.
--
-- Columns
-- pair, tap, tap_order, slow, fast  as aligned
-- actual_tap, actual_ordinal, actual_event  the same
-- expected_tap, expected_ordinal, expected_event, actual, expected  the same
-- actual_exact, expected_exact, actual_text, expected_text  the same
-- half_place, unit  the same
-- coordinate  the coordinate in program order: that of the expected element,
--             then that of the actual one, then the component
-- class       "number", "nan" (both), "nan mismatch", "text" (equal ones) or
--             "text mismatch"
-- abs_error   |actual - expected|; NULL for texts and NaN
-- scale       what rtol is relative to: the expected number, or the largest of
--             its vector
-- rel_error   abs_error / |expected|; infinite beside an expected 0
-- ulps        units in the last place between them, of the coarser type; the
--             difference of integers
-- allowed     the error that the tolerance allows here
-- close       whether they are close
CREATE OR REPLACE MACRO _whole(exact, value, other) AS
    -- a float beside an integer, as an integer
    CASE
        WHEN exact IS NOT NULL THEN exact
        WHEN other IS NOT NULL AND abs(value) < 1e37::DOUBLE
            AND value = trunc(value) THEN TRY_CAST(value AS HUGEINT)
    END;

CREATE OR REPLACE MACRO _judged(numbers) AS TABLE
WITH vector AS (
    SELECT
        p.pair, e.ordinal // p.expected_size AS vector,
        max(abs(coalesce(
            e."float", e."integer"::DOUBLE, e."unsigned"::DOUBLE
        ))) AS largest
    FROM vector_element AS e
    JOIN pair AS p ON e.tap_id = p.expected_tap
    WHERE e.side = 'expected' AND p.expected_size > 1
        AND p.relative_to = 'vector' AND p.problem IS NULL
        AND isfinite(coalesce(e."float", 0))
    GROUP BY p.pair, e.ordinal // p.expected_size
),
measured AS (
    SELECT
        a.*, p.rtol, p.atol, p.max_ulps, p.precision,
        {
            'expected': a.expected_ordinal // p.expected_size,
            'actual': a.actual_ordinal // p.actual_size,
            'component': a.expected_ordinal, 'other': a.actual_ordinal
        } AS coordinate,
        a.actual_exact IS NOT NULL AND a.expected_exact IS NOT NULL
            AS integers,
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
            WHEN a.actual_exact IS NULL AND a.expected_exact IS NULL
                THEN CASE WHEN a.actual = a.expected THEN 0::DOUBLE
                    ELSE abs(a.actual - a.expected) END
            ELSE coalesce(
                abs(
                    _whole(a.actual_exact, a.actual, a.expected_exact)
                    - _whole(a.expected_exact, a.expected, a.actual_exact)
                )::DOUBLE,
                abs(a.actual - a.expected)
            )
        END AS abs_error,
        greatest(coalesce(v.largest, 0), abs(a.expected)) AS scale
    FROM query_table(numbers) AS a
    JOIN pair AS p USING (pair)
    LEFT JOIN vector AS v ON v.pair = a.pair
        AND v.vector = a.expected_ordinal // p.expected_size
),
bounded AS (
    SELECT
        *,
        CASE
            WHEN abs_error = 0 OR isinf(abs_error) THEN abs_error
            ELSE abs_error / abs(expected)
        END AS rel_error,
        CASE WHEN integers
            THEN least(
                abs(actual_exact - expected_exact),
                9223372036854775807::HUGEINT
            )::BIGINT
            ELSE ulp_distance(actual, expected, precision)
        END AS ulps,
        half_place + CASE
            WHEN NOT integers AND isfinite(scale)
                THEN greatest(atol, rtol * scale)
            ELSE atol
        END AS allowed
    FROM measured
)
SELECT
    * EXCLUDE (rtol, atol, max_ulps, precision, integers),
    CASE class
        WHEN 'text' THEN TRUE
        WHEN 'nan' THEN TRUE
        WHEN 'number' THEN abs_error = 0
            OR coalesce(isfinite(abs_error) AND abs_error <= allowed, FALSE)
            OR coalesce(isfinite(abs_error) AND ulps <= max_ulps, FALSE)
        ELSE FALSE
    END AS close
FROM bounded;

CREATE OR REPLACE VIEW judged AS FROM _judged('aligned');

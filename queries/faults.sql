-- One row a fault: a tap that diverged where no earlier tap had, that is, one
-- that introduced an error.
--
-- Two rows are two independent faults: each has pixels at which nothing
-- diverged before it. NaN on one side, unequal texts and wrong numbers are
-- told apart, so a NaN is found inside a drift. Program order is all that a
-- trace knows: what an untapped variable did between two taps counts for the
-- later tap, and a tap that doesn't depend on an earlier one is a fault of its
-- own only where that one is close. A tap without a pixel comes before all
-- pixels.
--
-- Columns
-- tap          the tap that introduced it
-- class        "number", "nan mismatch" or "text mismatch"
-- pixels       at how many pixels it came first; NULL for a tap without pixel
-- first_slow, first_fast  the first of these pixels
-- worst_slow, worst_fast  the one of them with the largest error
-- slow_from, slow_to, fast_from, fast_to  the box around all of them
-- max_rel_error  the tap's largest relative error at them
-- diverged_after  later taps that diverged at one of them, in program order
-- close_again  the first later tap that was compared there and is close at
--              all of them; NULL if there is none. Below it, the fault healed,
--              unless it is a tap that doesn't depend on this one.
-- last_tap     the last tap that was compared at the first of these pixels
-- reached      at how many of these pixels the last tap diverged
CREATE OR REPLACE MACRO _nowhere() AS (-9223372036854775808)::BIGINT;

CREATE OR REPLACE VIEW _met_with_gaps AS
FROM _met_by_key UNION ALL BY NAME FROM _met_gappy;

CREATE OR REPLACE VIEW _aligned_gappy AS FROM _aligned('_met_with_gaps');

CREATE OR REPLACE MACRO faults() AS TABLE
WITH wrong AS (
    SELECT
        class, number, slow, fast, slow IS NULL AND fast IS NULL AS whole,
        max(coalesce(abs_error, 'inf'::DOUBLE)) AS error,
        max(rel_error) AS rel_error
    FROM divergence
    GROUP BY class, number, slow, fast
),
whole AS (
    SELECT class, min(number) AS number FROM wrong WHERE whole GROUP BY class
),
origin AS (
    SELECT w.class, w.slow, w.fast, w.whole, min(w.number) AS number
    FROM wrong AS w
    GROUP BY w.class, w.slow, w.fast, w.whole
),
-- a wrong tap without a pixel comes before its pixels
introduced AS (
    SELECT o.*
    FROM origin AS o
    LEFT JOIN whole AS h USING (class)
    WHERE o.whole OR h.number IS NULL OR o.number < h.number
),
fault AS (
    SELECT
        i.class, i.number, i.whole,
        CASE WHEN NOT i.whole THEN count(*) END AS pixels,
        min({'slow': i.slow, 'fast': i.fast}) AS first,
        arg_max(
            {'slow': i.slow, 'fast': i.fast},
            {'error': w.error, 'slow': -i.slow, 'fast': -i.fast}
        ) AS worst,
        min(i.slow) AS slow_from, max(i.slow) AS slow_to,
        min(i.fast) AS fast_from, max(i.fast) AS fast_to,
        max(w.rel_error) FILTER (NOT isnan(w.rel_error)) AS max_rel_error
    FROM introduced AS i
    JOIN wrong AS w ON w.class = i.class AND w.number = i.number
        AND w.slow IS NOT DISTINCT FROM i.slow
        AND w.fast IS NOT DISTINCT FROM i.fast
    GROUP BY i.class, i.number, i.whole
),
-- which numbers were compared at a fault's first pixel: taps without a gap
-- have all pixels of their grid, of the others the numbers are read
looked_at AS (
    SELECT
        list(DISTINCT first.slow) FILTER (first.slow IS NOT NULL) AS slow,
        list(DISTINCT first.fast) FILTER (first.fast IS NOT NULL) AS fast
    FROM fault
),
met AS (
    SELECT
        j.tap,
        _pixel_index(x.slow, j.actual_ordinal, j.expected_ordinal) AS slow,
        _pixel_index(x.fast, j.actual_ordinal, j.expected_ordinal) AS fast
    FROM query_table(getvariable('gappy')) AS j
    JOIN pair_pixel AS x ON x.pair = j.pair
),
there AS MATERIALIZED (
    SELECT DISTINCT n.number, m.slow, m.fast
    FROM met AS m
    CROSS JOIN looked_at AS l
    JOIN tap_number AS n ON n.tap = m.tap
    WHERE (m.slow IS NULL OR list_contains(l.slow, m.slow))
        AND (m.fast IS NULL OR list_contains(l.fast, m.fast))
    UNION
    SELECT
        n.number, CASE WHEN x.slow IS NOT NULL THEN f.first.slow END,
        CASE WHEN x.fast IS NOT NULL THEN f.first.fast END
    FROM fault AS f
    JOIN by_position AS b ON b.dense
    JOIN pair AS p ON p.pair = b.pair
    JOIN tap_number AS n ON n.tap = p.tap
    JOIN pair_pixel AS x ON x.pair = b.pair
    WHERE (x.slow IS NULL OR f.first.slow - x.slow.origin
            BETWEEN 0 AND x.slow.extent - 1)
        AND (x.fast IS NULL OR f.first.fast - x.fast.origin
            BETWEEN 0 AND x.fast.extent - 1)
),
-- taps that were compared there
compared AS (
    SELECT DISTINCT f.class, f.number AS fault, l.number
    FROM there AS l
    JOIN fault AS f ON f.first.slow = l.slow AND f.first.fast = l.fast
    UNION
    SELECT f.class, f.number, l.number
    FROM there AS l
    JOIN fault AS f ON f.first.slow = l.slow AND l.fast IS NULL
        AND f.first.fast IS NULL
    UNION
    SELECT f.class, f.number, l.number
    FROM there AS l
    JOIN fault AS f ON f.first.fast = l.fast AND l.slow IS NULL
        AND f.first.slow IS NULL
    UNION
    SELECT f.class, f.number, n.number
    FROM fault AS f
    JOIN tap_number AS n ON f.whole AND n.shared
),
later AS (
    SELECT i.class, i.number AS fault, w.number, count(*) AS wrong
    FROM introduced AS i
    JOIN (
        SELECT DISTINCT
            number, coalesce(slow, _nowhere()) AS slow,
            coalesce(fast, _nowhere()) AS fast
        FROM wrong
    ) AS w ON w.slow = coalesce(i.slow, _nowhere())
        AND w.fast = coalesce(i.fast, _nowhere()) AND w.number > i.number
    WHERE NOT i.whole
    GROUP BY i.class, i.number, w.number
    UNION ALL
    SELECT i.class, i.number, w.number, w.wrong
    FROM introduced AS i
    JOIN (
        SELECT number, count(DISTINCT {'slow': slow, 'fast': fast}) AS wrong
        FROM wrong
        GROUP BY number
    ) AS w ON i.whole AND w.number > i.number
),
after AS (
    SELECT
        f.class, f.number AS fault,
        list(n.tap ORDER BY n.number) FILTER (l.wrong > 0) AS diverged_after,
        arg_min(n.tap, n.number) FILTER (c.number IS NOT NULL
            AND l.wrong IS NULL) AS close_again,
        max({
            'number': n.number, 'tap': n.tap, 'wrong': coalesce(l.wrong, 0)
        }) FILTER (c.number IS NOT NULL) AS last
    FROM fault AS f
    JOIN tap_number AS n ON n.number > f.number
    LEFT JOIN compared AS c ON c.class = f.class AND c.fault = f.number
        AND c.number = n.number
    LEFT JOIN later AS l ON l.class = f.class AND l.fault = f.number
        AND l.number = n.number
    GROUP BY f.class, f.number
)
SELECT
    n.tap, f.class, f.pixels, f.first.slow AS first_slow,
    f.first.fast AS first_fast, f.worst.slow AS worst_slow,
    f.worst.fast AS worst_fast, f.slow_from, f.slow_to, f.fast_from,
    f.fast_to, f.max_rel_error, coalesce(a.diverged_after, [])
        AS diverged_after,
    a.close_again, a.last.tap AS last_tap, a.last.wrong AS reached
FROM fault AS f
JOIN tap_number AS n ON n.number = f.number
LEFT JOIN after AS a ON a.class = f.class AND a.fault = f.number
ORDER BY f.number, f.class;

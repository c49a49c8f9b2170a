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
-- last_tap     the last tap that was compared at the first of these pixels,
--              derived ones apart: the program never uses those
-- reached      at how many of these pixels the last tap diverged
CREATE OR REPLACE VIEW _met_with_gaps AS
FROM _met_by_key UNION ALL BY NAME FROM _met_gappy;

CREATE OR REPLACE VIEW _aligned_gappy AS FROM _aligned('_met_with_gaps');

CREATE OR REPLACE VIEW _fault AS
WITH seen AS (
    SELECT
        w.*, c.class, CASE c.class WHEN 'number' THEN w.wrong
            WHEN 'nan mismatch' THEN w.odd ELSE w.unlike END AS here,
        CASE c.class WHEN 'number' THEN w.wrong_from
            WHEN 'nan mismatch' THEN w.odd_from ELSE w.unlike_from END
            AS origin
    FROM wrong_pixels AS w
    CROSS JOIN (VALUES ('number'), ('nan mismatch'), ('text mismatch'))
        AS c(class)
),
whole AS (
    SELECT class, min(number) AS number
    FROM seen
    WHERE whole AND here
    GROUP BY class
),
-- a wrong tap without a pixel comes before its pixels
introduced AS (
    SELECT s.*
    FROM seen AS s
    LEFT JOIN whole AS h USING (class)
    WHERE s.origin IS NOT NULL
        AND (s.whole OR h.number IS NULL OR s.origin < h.number)
),
fault AS (
    SELECT
        class, number, whole,
        CASE WHEN NOT whole THEN sum(pixels)::BIGINT END AS pixels,
        min(first) AS first,
        CASE class WHEN 'number' THEN arg_max(worst, {
            'error': error, 'slow': -worst.slow, 'fast': -worst.fast
        }) ELSE min(first) END AS worst,
        min(slow_from) AS slow_from, max(slow_to) AS slow_to,
        min(fast_from) AS fast_from, max(fast_to) AS fast_to,
        CASE class WHEN 'number' THEN max(rel_error) END AS max_rel_error
    FROM introduced
    WHERE here AND origin = number
    GROUP BY class, number, whole
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
    SELECT expected_tap, slow, fast
    FROM query_table(getvariable('gappy'))
),
there AS MATERIALIZED (
    SELECT DISTINCT n.number, m.slow, m.fast
    FROM met AS m
    CROSS JOIN looked_at AS l
    JOIN tap_number AS n ON n.expected_tap = m.expected_tap
    WHERE (m.slow IS NULL OR list_contains(l.slow, m.slow))
        AND (m.fast IS NULL OR list_contains(l.fast, m.fast))
    UNION
    SELECT
        n.number, CASE WHEN x.slow IS NOT NULL THEN f.first.slow END,
        CASE WHEN x.fast IS NOT NULL THEN f.first.fast END
    FROM fault AS f
    JOIN by_position AS b ON b.dense
    JOIN pair AS p ON p.pair = b.pair
    JOIN tap_number AS n ON n.expected_tap = p.expected_tap
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
    SELECT
        class, origin AS fault, number, sum(pixels)::BIGINT AS wrong
    FROM introduced
    WHERE NOT whole AND origin < number
    GROUP BY class, origin, number
    UNION ALL
    SELECT f.class, f.number, w.number, w.wrong
    FROM fault AS f
    JOIN (
        SELECT number, sum(pixels)::BIGINT AS wrong
        FROM wrong_pixels
        GROUP BY number
    ) AS w ON f.whole AND w.number > f.number
),
after AS (
    SELECT
        f.class, f.number AS fault,
        list(n.tap ORDER BY n.number) FILTER (l.wrong > 0) AS diverged_after,
        arg_min(n.tap, n.number) FILTER (c.number IS NOT NULL
            AND l.wrong IS NULL AND NOT n.derived) AS close_again,
        max({
            'number': n.number, 'tap': n.tap, 'wrong': coalesce(l.wrong, 0)
        }) FILTER (c.number IS NOT NULL AND NOT n.derived) AS last
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

CREATE OR REPLACE MACRO faults() AS TABLE FROM _fault;

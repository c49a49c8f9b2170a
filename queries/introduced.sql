-- One row a tap that diverged: did it introduce the error, or inherit it?
--
-- A tap introduced the error at a pixel if no earlier tap diverged there, nor
-- one without a pixel. Otherwise it may have inherited it; program order alone
-- can't prove that (see faults).
--
-- Columns
-- tap         the tap
-- answer      "introduced" at all of its pixels, "inherited" at all, or "both"
-- pixels      at how many pixels it diverged; NULL for a tap without pixel
-- introduced  at how many of them it was the first
-- after       the tap before it that diverged at the first of the others
-- max_rel_error  its largest relative error
-- earlier_rel_error  the largest one of taps that diverged before it, where it
--             inherited
-- growth      how many times larger the error is than before; NULL where one
--             of the two is infinite, or nothing was inherited. A large one is
--             an error of its own, or a difference of nearly equal numbers
CREATE OR REPLACE MACRO introduced() AS TABLE
WITH wrong AS (
    SELECT
        number, slow, fast, max(rel_error) FILTER (NOT isnan(rel_error))
            AS rel_error
    FROM divergence
    GROUP BY number, slow, fast
),
whole AS (
    SELECT number, rel_error FROM wrong WHERE slow IS NULL AND fast IS NULL
),
before AS (
    SELECT
        *,
        lag(number) OVER earlier AS after,
        max(rel_error) OVER (earlier ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING) AS earlier_rel_error
    FROM wrong
    WINDOW earlier AS (PARTITION BY slow, fast ORDER BY number)
),
joined AS (
    SELECT
        b.number, b.slow, b.fast, b.rel_error,
        greatest(b.after, w.number) AS after,
        greatest(b.earlier_rel_error, w.rel_error) AS earlier_rel_error
    FROM before AS b
    LEFT JOIN (
        SELECT
            n.number, max(h.number) AS earlier, max(h.rel_error) AS rel_error
        FROM tap_number AS n
        JOIN whole AS h ON h.number < n.number
        GROUP BY n.number
    ) AS w(tap_number, number, rel_error) ON w.tap_number = b.number
),
summary AS (
    SELECT
        j.number, any_value(n.tap) AS tap,
        CASE count(j.after) WHEN 0 THEN 'introduced'
            WHEN count(*) THEN 'inherited' ELSE 'both' END AS answer,
        CASE WHEN count(coalesce(j.slow, j.fast)) > 0 THEN count(*) END
            AS pixels,
        count(*) - count(j.after) AS introduced,
        any_value(e.tap) AS after,
        max(j.rel_error) AS max_rel_error,
        max(j.earlier_rel_error) FILTER (j.after IS NOT NULL)
            AS earlier_rel_error
    FROM joined AS j
    JOIN tap_number AS n ON n.number = j.number
    LEFT JOIN (
        SELECT
            number, arg_min(after, {'slow': slow, 'fast': fast})
                FILTER (after IS NOT NULL) AS after
        FROM joined
        GROUP BY number
    ) AS f ON f.number = j.number
    LEFT JOIN tap_number AS e ON e.number = f.after
    GROUP BY j.number
)
SELECT
    * EXCLUDE (number),
    CASE WHEN isfinite(max_rel_error) AND isfinite(earlier_rel_error)
        THEN max_rel_error / nullif(earlier_rel_error, 0) END AS growth
FROM summary
ORDER BY number;

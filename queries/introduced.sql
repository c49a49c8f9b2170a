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
WITH whole AS (SELECT number, rel_error FROM wrong_pixels WHERE whole),
joined AS (
    SELECT
        b.number, b.whole, b.pixels, b.first, b.rel_error,
        greatest(b.after, w.number) AS after,
        greatest(b.earlier_rel_error, w.rel_error) AS earlier_rel_error
    FROM wrong_pixels AS b
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
        CASE
            WHEN count(j.after) = 0 THEN 'introduced'
            WHEN count(j.after) = count(*) THEN 'inherited'
            ELSE 'both'
        END AS answer,
        CASE WHEN NOT bool_and(j.whole) THEN sum(j.pixels)::BIGINT END
            AS pixels,
        coalesce(sum(j.pixels) FILTER (j.after IS NULL), 0)::BIGINT
            AS introduced,
        any_value(e.tap) AS after,
        max(j.rel_error) AS max_rel_error,
        max(j.earlier_rel_error) FILTER (j.after IS NOT NULL)
            AS earlier_rel_error
    FROM joined AS j
    JOIN tap_number AS n ON n.number = j.number
    LEFT JOIN (
        SELECT
            number,
            arg_min(after, first) FILTER (after IS NOT NULL) AS after
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

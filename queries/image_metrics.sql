-- One row a tap that is an image on both sides (see image_pair), or a region
-- of it.
--
-- Sums are taken in the order of the pixels, so they are the same for any
-- number of threads. Pixels that are NaN or infinite on a side are left out
-- of all figures and counted. Where no pixel differs nothing is added up.
--
-- Parameters
-- slow_from, slow_to, fast_from, fast_to  the region, both ends in it; NULL
--           for no limit
--
-- Columns
-- tap                       the tap
-- pixels                    pixels that were compared
-- not_finite                pixels that are left out
-- correlation               Pearson's; 1 where no pixel differs; NULL where a
--                           side is constant
-- sum_ratio                 sum of actual / sum of expected; 1 where no pixel
--                           differs; NULL where the latter is 0
-- rmse                      root of the mean squared difference
-- max_actual, max_expected  largest values
-- max_abs_error             largest difference
-- worst_slow, worst_fast    its pixel, the first of equals
CREATE OR REPLACE MACRO image_metrics(
    slow_from := NULL, slow_to := NULL, fast_from := NULL, fast_to := NULL
) AS TABLE
WITH pixel AS (
    SELECT
        pair, actual, expected, abs_error, expected_ordinal AS place,
        coalesce(isfinite(actual) AND isfinite(expected), FALSE) AS finite
    FROM located
    SEMI JOIN image_pair USING (pair)
    -- large images that meet by position are read by _image, if whole
    WHERE NOT (
        list_contains(getvariable('images'), pair) AND slow_from IS NULL
        AND slow_to IS NULL AND fast_from IS NULL AND fast_to IS NULL
    )
        AND (slow_from IS NULL OR slow >= slow_from::BIGINT)
        AND (slow_to IS NULL OR slow <= slow_to::BIGINT)
        AND (fast_from IS NULL OR fast >= fast_from::BIGINT)
        AND (fast_to IS NULL OR fast <= fast_to::BIGINT)
),
measured AS (
    SELECT
        pair, count(*) FILTER (finite) AS pixels,
        count(*) FILTER (NOT finite) AS not_finite,
        corr(actual, expected ORDER BY place) FILTER (finite)
            AS correlation,
        sum(actual ORDER BY place) FILTER (finite) AS actual_sum,
        sum(expected ORDER BY place) FILTER (finite) AS expected_sum,
        avg(abs_error * abs_error ORDER BY place) FILTER (finite)
            AS mean_square,
        max(actual) FILTER (finite) AS max_actual,
        min(expected) FILTER (finite) AS min_expected,
        max(expected) FILTER (finite) AS max_expected,
        max({'error': abs_error, 'place': -place}) FILTER (finite) AS worst
    FROM pixel
    GROUP BY pair
),
every AS (
    SELECT
        * EXCLUDE (worst), worst.error AS error, -worst.place AS worst
    FROM measured
    UNION ALL
    FROM _image
    WHERE slow_from IS NULL AND slow_to IS NULL AND fast_from IS NULL
        AND fast_to IS NULL
)
SELECT
    i.tap, m.pixels, m.not_finite,
    CASE
        WHEN m.error > 0
            THEN CASE WHEN isfinite(m.correlation) THEN m.correlation END
        WHEN m.min_expected < m.max_expected THEN 1::DOUBLE
    END AS correlation,
    CASE
        WHEN m.error > 0 THEN m.actual_sum / nullif(m.expected_sum, 0)
        WHEN m.min_expected <> 0 OR m.max_expected <> 0 THEN 1::DOUBLE
    END AS sum_ratio,
    -- a largest number of 0 has no sign
    sqrt(m.mean_square) AS rmse, m.max_actual + 0 AS max_actual,
    m.max_expected + 0 AS max_expected, m.error AS max_abs_error,
    element_place(m.worst, i.axes)[i.axes[1].dim] AS worst_slow,
    element_place(m.worst, i.axes)[i.axes[2].dim] AS worst_fast
FROM every AS m
JOIN image_pair AS i USING (pair)
ORDER BY i.tap_order, i.tap, i.pair;

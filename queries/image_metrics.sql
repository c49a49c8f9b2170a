-- One row a tap that is an image on both sides: its dims are the pixel's two,
-- and at least half of its pixels are there.
--
-- Sums are taken in the order of the pixels, so they are the same for any
-- number of threads. Pixels that are NaN or infinite on a side are left out
-- of all figures and counted.
--
-- Columns
-- tap                       the tap
-- pixels                    pixels that were compared
-- not_finite                pixels that are left out
-- correlation               Pearson's; NULL where a side is constant
-- sum_ratio                 sum of actual / sum of expected
-- rmse                      root of the mean squared difference
-- max_actual, max_expected  largest values
-- max_abs_error             largest difference
-- worst_slow, worst_fast    its pixel, the first of equals
CREATE OR REPLACE MACRO image_metrics() AS TABLE
WITH picture AS (
    SELECT t.side, t.tap_id, x.axes
    FROM trace_tap AS t
    JOIN tap_axes AS x ON x.side = t.side AND x.tap_id = t.tap_id
    WHERE list_transform(x.axes, lambda a: a.dim) = x.pixel
        AND t.elements > 1
        AND 2 * t.elements >= list_reduce(
            list_transform(x.axes, lambda a: a.extent), lambda a, b: a * b
        )
),
image AS (
    SELECT p.pair, p.tap, p.tap_order, e.axes
    FROM pair AS p
    JOIN picture AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
    JOIN picture AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
),
pixel AS (
    SELECT
        pair, actual, expected, abs_error, expected_ordinal AS place,
        coalesce(isfinite(actual) AND isfinite(expected), FALSE) AS finite
    FROM judged
    SEMI JOIN image USING (pair)
),
measured AS (
    SELECT
        pair, count(*) FILTER (finite) AS pixels,
        count(*) FILTER (NOT finite) AS not_finite,
        corr(actual, expected ORDER BY place) FILTER (finite)
            AS correlation,
        sum(actual ORDER BY place) FILTER (finite) / nullif(
            sum(expected ORDER BY place) FILTER (finite), 0
        ) AS sum_ratio,
        sqrt(avg(abs_error * abs_error ORDER BY place) FILTER (finite))
            AS rmse,
        max(actual) FILTER (finite) AS max_actual,
        max(expected) FILTER (finite) AS max_expected,
        max({'error': abs_error, 'place': -place}) FILTER (finite) AS worst
    FROM pixel
    GROUP BY pair
)
SELECT
    i.tap, m.pixels, m.not_finite,
    CASE WHEN isfinite(m.correlation) THEN m.correlation END AS correlation,
    m.sum_ratio, m.rmse, m.max_actual, m.max_expected,
    m.worst.error AS max_abs_error,
    element_place(-m.worst.place, i.axes)[i.axes[1].dim] AS worst_slow,
    element_place(-m.worst.place, i.axes)[i.axes[2].dim] AS worst_fast
FROM measured AS m
JOIN image AS i USING (pair)
ORDER BY i.tap_order, i.tap, i.pair;

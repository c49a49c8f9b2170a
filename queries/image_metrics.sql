-- One row a tap that is an image on both sides: its dims are the pixel's two.
--
-- Sums are taken in the order of the pixels, so they are the same for any
-- number of threads. Pixels that are NaN or infinite on a side are left out
-- of all figures and counted.
--
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
WITH image AS (
    SELECT p.pair
    FROM pair AS p
    JOIN tap_axes AS x ON x.tap_id = p.expected_tap AND x.side = 'expected'
    JOIN trace_run AS r ON r.side = 'expected'
    WHERE list_transform(x.axes, lambda a: a.dim) = r.pixel_dims
        AND list_reduce(
            list_transform(x.axes, lambda a: a.extent),
            lambda a, b: a * b, 1
        ) > 1
),
pixel AS (
    SELECT
        j.*, coalesce(isfinite(actual) AND isfinite(expected), FALSE)
            AS finite
    FROM judged AS j
    SEMI JOIN image USING (pair)
),
measured AS (
    SELECT
        pair, tap, tap_order,
        count(*) FILTER (finite) AS pixels,
        count(*) FILTER (NOT finite) AS not_finite,
        corr(actual, expected ORDER BY key) FILTER (finite) AS correlation,
        sum(actual ORDER BY key) FILTER (finite)
            / nullif(sum(expected ORDER BY key) FILTER (finite), 0)
            AS sum_ratio,
        sqrt(avg(abs_error * abs_error ORDER BY key) FILTER (finite)) AS rmse,
        max(actual) FILTER (finite) AS max_actual,
        max(expected) FILTER (finite) AS max_expected,
        max({
            'error': abs_error, 'first': -expected_ordinal,
            'tap': expected_tap, 'ordinal': expected_ordinal
        }) FILTER (finite) AS worst
    FROM pixel
    GROUP BY pair, tap, tap_order
)
SELECT
    m.tap, m.pixels, m.not_finite,
    CASE WHEN isfinite(m.correlation) THEN m.correlation END AS correlation,
    m.sum_ratio, m.rmse, m.max_actual, m.max_expected,
    m.worst.error AS max_abs_error, e.slow AS worst_slow,
    e.fast AS worst_fast
FROM measured AS m
LEFT JOIN element AS e ON e.side = 'expected' AND e.tap_id = m.worst.tap
    AND e.ordinal = m.worst.ordinal
ORDER BY m.tap_order, m.tap, m.pair;

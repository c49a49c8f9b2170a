-- One row a peak of an image, matched by position: has it moved, or changed?
--
-- A peak is a pixel that none within the radius exceeds (the first of equal
-- ones). The brightest of each side are taken, and two of them match that are
-- nearest to each other, within twice the radius. A peak that one side alone
-- has stands with NULL for the other side.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all images
-- how_many  peaks a side
-- radius    pixels along each dim
--
-- Columns
-- tap       the tap
-- expected_slow, expected_fast, expected  the expected peak
-- actual_slow, actual_fast, actual        the actual one
-- distance  pixels between them
-- ratio     actual / expected; NULL where expected is 0
CREATE OR REPLACE MACRO image_peaks(
    tap_glob := NULL, how_many := 10, radius := 2
) AS TABLE
WITH pixel AS (
    SELECT
        pair, tap, slow, fast,
        unnest([
            {'side': 'actual', 'value': actual},
            {'side': 'expected', 'value': expected}
        ], recursive := TRUE)
    FROM located
    SEMI JOIN image_pair USING (pair)
    WHERE tap_glob IS NULL OR tap = tap_glob OR tap GLOB tap_glob
),
-- whatever exceeds a bright pixel is bright itself
bright AS (
    SELECT
        pair, side, unnest(arg_min(
            {'slow': slow, 'fast': fast, 'value': value},
            {'value': -value, 'slow': slow, 'fast': fast},
            how_many::BIGINT * 200
        ), recursive := TRUE)
    FROM pixel
    WHERE isfinite(value)
    GROUP BY pair, side
),
peak AS (
    SELECT *
    FROM bright AS b
    WHERE NOT EXISTS (
        FROM bright AS o
        WHERE o.pair = b.pair AND o.side = b.side
            AND abs(o.slow - b.slow) <= radius::BIGINT
            AND abs(o.fast - b.fast) <= radius::BIGINT
            AND (o.value > b.value OR (o.value = b.value
                AND (o.slow < b.slow
                    OR (o.slow = b.slow AND o.fast < b.fast))))
    )
    QUALIFY row_number() OVER (
        PARTITION BY pair, side ORDER BY value DESC, slow, fast
    ) <= how_many::BIGINT
),
near AS (
    SELECT
        e.pair, e.slow AS expected_slow, e.fast AS expected_fast,
        a.slow AS actual_slow, a.fast AS actual_fast,
        sqrt((a.slow - e.slow) ** 2 + (a.fast - e.fast) ** 2) AS distance
    FROM (FROM peak WHERE side = 'expected') AS e
    JOIN (FROM peak WHERE side = 'actual') AS a ON a.pair = e.pair
    WHERE distance <= 2 * radius::BIGINT
),
matched AS (
    SELECT *
    FROM near
    QUALIFY row_number() OVER (
        PARTITION BY pair, expected_slow, expected_fast
        ORDER BY distance, actual_slow, actual_fast
    ) = 1 AND row_number() OVER (
        PARTITION BY pair, actual_slow, actual_fast
        ORDER BY distance, expected_slow, expected_fast
    ) = 1
),
met AS (
    SELECT
        e.pair, e.slow AS expected_slow, e.fast AS expected_fast,
        e.value AS expected, m.actual_slow, m.actual_fast, m.distance
    FROM (FROM peak WHERE side = 'expected') AS e
    LEFT JOIN matched AS m ON m.pair = e.pair AND m.expected_slow = e.slow
        AND m.expected_fast = e.fast
)
SELECT
    i.tap, m.expected_slow, m.expected_fast, m.expected,
    a.slow AS actual_slow, a.fast AS actual_fast, a.value AS actual,
    m.distance, a.value / nullif(m.expected, 0) AS ratio
FROM met AS m
FULL JOIN (FROM peak WHERE side = 'actual') AS a ON a.pair = m.pair
    AND a.slow = m.actual_slow AND a.fast = m.actual_fast
JOIN image_pair AS i ON i.pair = coalesce(m.pair, a.pair)
ORDER BY
    i.tap_order, i.pair, coalesce(m.expected, a.value) DESC, m.expected_slow,
    m.expected_fast, a.slow, a.fast;

-- One row a divergence signature: which taps diverged, pixel by pixel,
-- grouped.
--
-- Pixels of one signature went wrong in the same way. A letter stands for each
-- tap that has a pixel, in program order: "." close, "x" diverged, "n" NaN on
-- one side only, "-" not compared (missing, or it doesn't fit). ".xx.xx" is
-- two faults, or one that heals and comes back: faults() tells which.
--
-- Columns
-- signature  the letters
-- taps       names of the taps that diverged, in program order
-- pixels     how many pixels have it
-- first_slow, first_fast  the first of them
-- slow_from, slow_to, fast_from, fast_to  the box around all of them
CREATE OR REPLACE MACRO signatures() AS TABLE
WITH pixel AS (
    SELECT
        slow, fast,
        list(number ORDER BY number) AS bad,
        coalesce(list(number ORDER BY number) FILTER (odd), []) AS odd
    FROM _wrong_pixel
    WHERE slow IS NOT NULL OR fast IS NOT NULL
    GROUP BY slow, fast
),
grouped AS (
    SELECT
        bad, odd, sum(pixels)::BIGINT AS pixels, min(first) AS first,
        min(slow_from) AS slow_from, max(slow_to) AS slow_to,
        min(fast_from) AS fast_from, max(fast_to) AS fast_to
    FROM (
        SELECT
            bad, odd, 1 AS pixels, {'slow': slow, 'fast': fast} AS first,
            slow AS slow_from, slow AS slow_to, fast AS fast_from,
            fast AS fast_to
        FROM pixel
        UNION ALL BY NAME
        FROM _stacked_signature WHERE getvariable('only_stacked')
    )
    GROUP BY bad, odd
),
tap AS (
    SELECT list({'number': number, 'tap': tap, 'shared': shared}
        ORDER BY number) AS taps
    FROM tap_number
    WHERE pixel
)
SELECT
    array_to_string(list_transform(t.taps, lambda x: CASE
        WHEN list_contains(g.odd, x.number) THEN 'n'
        WHEN list_contains(g.bad, x.number) THEN 'x'
        WHEN x.shared THEN '.'
        ELSE '-'
    END), '') AS signature,
    list_transform(
        list_filter(t.taps, lambda x: list_contains(g.bad, x.number)),
        lambda x: x.tap
    ) AS taps,
    g.pixels, g.first.slow AS first_slow, g.first.fast AS first_fast,
    g.slow_from, g.slow_to, g.fast_from, g.fast_to
FROM grouped AS g
CROSS JOIN tap AS t
ORDER BY g.pixels DESC, signature;

-- One row a pixel that is worth tracing next, the most telling one first.
--
-- Of each fault the worst and the first pixel, and one pixel that is close at
-- all taps, to hold them against.
--
-- Columns
-- slow, fast  the pixel
-- why         what it shows
CREATE OR REPLACE MACRO pixels_to_trace() AS TABLE
WITH wrong AS (
    SELECT DISTINCT slow, fast FROM _wrong_pixel
    WHERE slow IS NOT NULL AND fast IS NOT NULL
),
-- pixels that were compared; of a grid without a gap so many that one of
-- them must be close, if any is
compared AS (
    SELECT slow, fast FROM query_table(getvariable('gappy'))
    UNION
    SELECT
        slow.origin + place // fast.extent, fast.origin + place % fast.extent
    FROM (
        SELECT
            x.slow, x.fast, unnest(range(least(
                x.slow.extent * x.fast.extent,
                (SELECT count(*) + 1 FROM wrong)
            ))) AS place
        FROM by_position AS b
        JOIN pair_pixel AS x ON x.pair = b.pair
        WHERE b.dense AND x.slow IS NOT NULL AND x.fast IS NOT NULL
    )
),
close AS (
    SELECT {'slow': slow, 'fast': fast} AS pixel
    FROM compared
    ANTI JOIN wrong USING (slow, fast)
    WHERE slow IS NOT NULL AND fast IS NOT NULL
        AND NOT getvariable('only_stacked')
    UNION ALL
    SELECT first FROM _course WHERE number IS NULL
),
fault AS (
    SELECT *, row_number() OVER () AS place
    FROM _fault
    WHERE pixels IS NOT NULL
),
wanted AS (
    SELECT
        worst_slow AS slow, worst_fast AS fast, place,
        format('largest error of {}', tap) AS why
    FROM fault
    UNION ALL
    SELECT
        first_slow, first_fast, place,
        format('first pixel at which {} diverged', tap)
    FROM fault
    UNION ALL
    SELECT
        least.slow, least.fast, 1000000,
        'close at every tap: hold the others against it'
    FROM (SELECT min(pixel) AS least FROM close)
    WHERE least IS NOT NULL AND EXISTS (FROM fault)
)
SELECT slow, fast, string_agg(why, '; ' ORDER BY place, why DESC) AS why
FROM wanted
GROUP BY slow, fast
ORDER BY min(place), why;

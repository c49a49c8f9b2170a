-- One row a pixel that is worth tracing next, the most telling one first.
--
-- Of each fault the worst and the first pixel, and one pixel that is close at
-- all taps, to hold them against.
--
-- Columns
-- slow, fast  the pixel
-- why         what it shows
CREATE OR REPLACE MACRO pixels_to_trace() AS TABLE
WITH fault AS (
    SELECT *, row_number() OVER () AS place
    FROM faults()
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
    FROM (
        SELECT min({'slow': slow, 'fast': fast}) AS least
        FROM located AS l
        WHERE slow IS NOT NULL AND fast IS NOT NULL AND NOT EXISTS (
            FROM divergence AS d WHERE d.slow = l.slow AND d.fast = l.fast
        ) AND EXISTS (FROM fault)
    )
    WHERE least IS NOT NULL
)
SELECT slow, fast, string_agg(why, '; ' ORDER BY place, why DESC) AS why
FROM wanted
GROUP BY slow, fast
ORDER BY min(place), why;

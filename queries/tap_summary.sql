-- One row a tap that both sides have, in program order of the expected side.
--
-- Only counts, largest values and places: the same rows for any number of
-- threads. A NaN or an infinity never hides another number's error.
--
-- tap             the tap
-- compared        numbers and texts that were compared
-- diverged        how many of them are not close
-- max_abs_error   largest error
-- max_rel_error   largest relative error
-- max_ulps        most units in the last place
-- nan_mismatches  NaN on one side only
-- both_nan        NaN on both sides
-- text_mismatches unequal texts, or a text beside a number
-- worst_slow, worst_fast   pixel of the largest error among those that
--                 diverged, or of the largest error at all
-- unknown_pixel   the pixel was not stated on one side, matched by order
-- not_compared    why it could not be compared, else NULL
CREATE OR REPLACE MACRO tap_summary() AS TABLE
WITH counted AS (
    SELECT
        pair, count(*) AS compared,
        count(*) FILTER (NOT close) AS diverged,
        max(abs_error) FILTER (NOT isnan(abs_error)) AS max_abs_error,
        max(rel_error) FILTER (NOT isnan(rel_error)) AS max_rel_error,
        max(ulps) AS max_ulps,
        count(*) FILTER (class = 'nan mismatch') AS nan_mismatches,
        count(*) FILTER (class = 'nan') AS both_nan,
        count(*) FILTER (class = 'text mismatch') AS text_mismatches,
        -- a NaN mismatch counts as larger than any error
        max({
            'bad': NOT close,
            'error': CASE WHEN class = 'number'
                THEN coalesce(abs_error, 'inf'::DOUBLE)
                ELSE 'inf'::DOUBLE END,
            'first': -expected_ordinal, 'tap': expected_tap,
            'ordinal': expected_ordinal, 'other': actual_ordinal,
            'actual': actual_tap
        }) FILTER (class <> 'nan' AND class <> 'text') AS worst
    FROM judged
    GROUP BY pair
),
placed AS (
    SELECT
        c.*, coalesce(e.slow, a.slow) AS slow, coalesce(e.fast, a.fast) AS fast
    FROM counted AS c
    LEFT JOIN element AS e ON e.side = 'expected'
        AND e.tap_id = c.worst.tap AND e.ordinal = c.worst.ordinal
    LEFT JOIN element AS a ON a.side = 'actual'
        AND a.tap_id = c.worst.actual AND a.ordinal = c.worst.other
)
SELECT
    p.tap,
    coalesce(sum(c.compared), 0)::BIGINT AS compared,
    coalesce(sum(c.diverged), 0)::BIGINT AS diverged,
    max(c.max_abs_error) AS max_abs_error,
    max(c.max_rel_error) AS max_rel_error,
    max(c.max_ulps) AS max_ulps,
    coalesce(sum(c.nan_mismatches), 0)::BIGINT AS nan_mismatches,
    coalesce(sum(c.both_nan), 0)::BIGINT AS both_nan,
    coalesce(sum(c.text_mismatches), 0)::BIGINT AS text_mismatches,
    (max({
        'bad': c.worst.bad, 'error': c.worst.error, 'first': -p.pair,
        'slow': c.slow
    }) FILTER (c.worst IS NOT NULL)).slow AS worst_slow,
    (max({
        'bad': c.worst.bad, 'error': c.worst.error, 'first': -p.pair,
        'fast': c.fast
    }) FILTER (c.worst IS NOT NULL)).fast AS worst_fast,
    bool_or(p.unknown_pixel) AS unknown_pixel,
    string_agg(DISTINCT p.problem, '; ' ORDER BY p.problem) AS not_compared
FROM pair AS p
LEFT JOIN placed AS c USING (pair)
GROUP BY p.tap
ORDER BY min(p.tap_order), p.tap;

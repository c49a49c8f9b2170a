-- One row a tap and a way in which pixels went wrong up to it: where it
-- diverged after errors of the same taps.
--
-- faults, introduced and pixels_to_trace are made of it. What has no pixel is
-- a row of its own. Images that lie over each other are read side by side
-- (see stacked), so it takes little memory, however many numbers diverged.
--
-- Columns
-- number       place of the tap in program order (see tap_number)
-- whole        its numbers have no pixel
-- wrong, odd, unlike  numbers, NaN on one side, or texts diverged there
-- wrong_from, odd_from, unlike_from  number of the first tap, up to this one,
--              of which they did; NULL for none
-- after        number of the last tap before it that diverged at the first
--              of the pixels; NULL if none did at any
-- pixels       how many
-- first        slow and fast of the first of them
-- worst        those of the one with the largest error
-- slow_from, slow_to, fast_from, fast_to  the box around all of them
-- error        the largest error of a number
-- rel_error    the largest relative error
-- earlier_rel_error  that of taps before it at these pixels
CREATE OR REPLACE VIEW _wrong_pixel AS
SELECT
    number, slow, fast, bool_or(class = 'number') AS wrong,
    bool_or(class = 'nan mismatch') AS odd,
    bool_or(class = 'text mismatch') AS unlike,
    max(coalesce(abs_error, 'inf'::DOUBLE)) FILTER (class = 'number')
        AS error,
    max(rel_error) FILTER (NOT isnan(rel_error)) AS rel_error
FROM (
    FROM divergence WHERE NOT getvariable('only_stacked')
    UNION ALL BY NAME
    SELECT * EXCLUDE (close)
    FROM _located('_beside')
    WHERE getvariable('only_stacked') AND NOT close
)
GROUP BY number, slow, fast;

-- parts of what images that lie over each other say, if no other taps count
CREATE OR REPLACE VIEW _course AS
FROM _stacked_course WHERE getvariable('only_stacked');

CREATE OR REPLACE VIEW wrong_pixels AS
WITH pixel AS (
    SELECT
        *, slow IS NULL AND fast IS NULL AS whole, 1 AS pixels,
        {'slow': slow, 'fast': fast} AS first, first AS worst,
        min(number) FILTER (wrong) OVER so_far AS wrong_from,
        min(number) FILTER (odd) OVER so_far AS odd_from,
        min(number) FILTER (unlike) OVER so_far AS unlike_from,
        lag(number) OVER so_far AS after,
        max(rel_error) OVER (so_far ROWS BETWEEN UNBOUNDED PRECEDING
            AND 1 PRECEDING) AS earlier_rel_error,
        slow AS slow_from, slow AS slow_to, fast AS fast_from,
        fast AS fast_to
    FROM _wrong_pixel
    WINDOW so_far AS (PARTITION BY slow, fast ORDER BY number)
)
SELECT
    number, coalesce(whole, FALSE) AS whole, wrong, odd,
    coalesce(unlike, FALSE) AS unlike, wrong_from, odd_from, unlike_from,
    arg_min(after, first) AS after, sum(pixels)::BIGINT AS pixels,
    min(first) AS first, arg_max(worst, {
        'error': error, 'slow': -worst.slow, 'fast': -worst.fast
    }) AS worst, min(slow_from) AS slow_from, max(slow_to) AS slow_to,
    min(fast_from) AS fast_from, max(fast_to) AS fast_to,
    max(error) AS error, max(rel_error) AS rel_error,
    max(earlier_rel_error) AS earlier_rel_error
FROM (
    SELECT * EXCLUDE (slow, fast) FROM pixel
    UNION ALL BY NAME
    FROM _course WHERE number IS NOT NULL
)
GROUP BY 1, 2, 3, 4, 5, wrong_from, odd_from, unlike_from;

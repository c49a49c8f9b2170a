-- One row a pair of taps of which numbers were compared: what came out, in
-- one pass over them.
--
-- Only counts, largest values and places: the same rows for any number of
-- threads. A NaN or an infinity never hides another number's error.
--
-- Columns
-- pair             the pair of taps
-- compared         numbers and texts that were compared
-- diverged         how many of them are not close
-- max_abs_error    largest error
-- max_rel_error    largest relative error
-- max_ulps         most units in the last place
-- nan_mismatches   NaN on one side only
-- both_nan         NaN on both sides
-- text_mismatches  unequal texts, or a text beside a number
-- worst            the largest error among those that diverged, else at all;
--                  a NaN on one side is larger than any; the first of equals
-- first            the first that diverged, as judged has it; NULL for none
CREATE OR REPLACE VIEW outcome AS
SELECT
    pair, count(*) AS compared,
    count(*) FILTER (NOT close) AS diverged,
    max(abs_error) FILTER (NOT isnan(abs_error)) AS max_abs_error,
    max(rel_error) FILTER (NOT isnan(rel_error)) AS max_rel_error,
    max(ulps) AS max_ulps,
    count(*) FILTER (class = 'nan mismatch') AS nan_mismatches,
    count(*) FILTER (class = 'nan') AS both_nan,
    count(*) FILTER (class = 'text mismatch') AS text_mismatches,
    max({
        'bad': NOT close,
        'error': CASE WHEN class = 'number'
            THEN coalesce(abs_error, 'inf'::DOUBLE) ELSE 'inf'::DOUBLE END,
        'expected': -expected_ordinal, 'actual': -actual_ordinal
    }) FILTER (class NOT IN ('nan', 'text')) AS worst,
    arg_min({
        'actual_ordinal': actual_ordinal, 'actual_event': actual_event,
        'expected_ordinal': expected_ordinal,
        'expected_event': expected_event, 'actual': actual,
        'expected': expected, 'actual_exact': actual_exact,
        'expected_exact': expected_exact, 'actual_text': actual_text,
        'expected_text': expected_text, 'class': class,
        'abs_error': abs_error, 'rel_error': rel_error, 'ulps': ulps,
        'allowed': allowed, 'coordinate': coordinate
    }, coordinate) FILTER (NOT close) AS first
FROM judged
GROUP BY pair;

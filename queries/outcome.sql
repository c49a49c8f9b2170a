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
-- least_rtol, least_atol, least_ulps  the smallest rtol, atol or max_ulps
--                  that makes all numbers close, NaN on one side apart, where
--                  the rule stays as it is otherwise; NULL if none does
-- signal           largest expected number
-- vacuous          all zeros on the actual side would have been close
CREATE OR REPLACE MACRO _finite(x) AS
    CASE WHEN x < 'inf'::DOUBLE THEN x END;

CREATE OR REPLACE VIEW outcome AS
WITH bounded AS (
    SELECT
        j.*, p.max_ulps IS NOT NULL AND j.ulps <= p.max_ulps AS few_ulps,
        -- rounded up, so that the smallest tolerance is large enough
        j.abs_error * (1 + pow(2::DOUBLE, -51)) - j.half_place AS excess,
        j.actual_exact IS NULL OR j.expected_exact IS NULL AS relative,
        p.rtol, p.atol,
        CASE
            WHEN p.max_ulps IS NULL THEN FALSE
            WHEN j.expected_exact IS NOT NULL
                THEN abs(j.expected_exact) <= p.max_ulps
            ELSE ulp_distance(0::DOUBLE, j.expected, p.precision)
                <= p.max_ulps
        END AS zero_by_ulps
    FROM judged AS j
    JOIN pair AS p USING (pair)
)
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
    }, coordinate) FILTER (NOT close) AS first,
    _finite(max(CASE
        WHEN isinf(abs_error) THEN 'inf'::DOUBLE
        WHEN abs_error <= half_place + atol OR few_ulps THEN 0
        WHEN relative AND scale > 0
            THEN excess / scale * (1 + pow(2::DOUBLE, -51))
        ELSE 'inf'
    END) FILTER (class = 'number')) AS least_rtol,
    _finite(max(CASE
        WHEN isinf(abs_error) THEN 'inf'::DOUBLE
        WHEN few_ulps THEN 0
        WHEN abs_error <= half_place
            + CASE WHEN relative THEN rtol * scale ELSE 0 END THEN 0
        ELSE excess
    END) FILTER (class = 'number')) AS least_atol,
    CASE WHEN max(abs_error) FILTER (class = 'number') < 'inf'
        THEN max(CASE WHEN abs_error <= allowed THEN 0 ELSE ulps END)
            FILTER (class = 'number')
    END AS least_ulps,
    max(abs(expected)) FILTER (isfinite(expected)) AS signal,
    coalesce(bool_and(abs(expected) <= allowed OR zero_by_ulps)
        FILTER (isfinite(expected) AND expected <> 0), FALSE) AS vacuous
FROM bounded
GROUP BY pair;

-- One row a pair of taps of which numbers were compared: what came out, in
-- one pass over them.
--
-- Only counts, largest values and places: the same rows for any number of
-- threads. A NaN or an infinity never hides another number's error. Large taps
-- that meet by position are counted by quick; the rows don't depend on it.
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
-- all_zero         every number that was compared is 0 on both sides
CREATE OR REPLACE MACRO _finite(x) AS
    CASE WHEN x < 'inf'::DOUBLE THEN x END;

CREATE OR REPLACE MACRO _first(j) AS {
    'actual_ordinal': j.actual_ordinal, 'actual_event': j.actual_event,
    'expected_ordinal': j.expected_ordinal,
    'expected_event': j.expected_event, 'actual': j.actual,
    'expected': j.expected, 'actual_exact': j.actual_exact,
    'expected_exact': j.expected_exact, 'actual_text': j.actual_text,
    'expected_text': j.expected_text, 'class': j.class,
    'abs_error': j.abs_error, 'rel_error': j.rel_error, 'ulps': j.ulps,
    'allowed': j.allowed, 'coordinate': j.coordinate
};

CREATE OR REPLACE VIEW _met_rest AS
FROM _met_by_key UNION ALL BY NAME FROM _met_left_out;

CREATE OR REPLACE VIEW _aligned_rest AS FROM _aligned('_met_rest');

CREATE OR REPLACE VIEW _judged_rest AS FROM _judged('_aligned_rest');

CREATE OR REPLACE VIEW _met_early AS
FROM (FROM _met_by_key WHERE FALSE) UNION ALL BY NAME FROM _met_first;

CREATE OR REPLACE VIEW _aligned_early AS FROM _aligned('_met_early');

CREATE OR REPLACE VIEW _judged_early AS FROM _judged('_aligned_early');

-- what holds for the largest number holds for all
CREATE OR REPLACE MACRO _vacuous(signal, rtol, atol, max_ulps, precision) AS
    CASE WHEN signal > 0 THEN
        signal <= greatest(atol, rtol * signal) OR coalesce(
            ulp_distance(0::DOUBLE, signal, precision) <= max_ulps, FALSE
        )
    END;

CREATE OR REPLACE VIEW _equal_outcome AS
WITH equal AS (
    SELECT
        *, greatest(abs(min), abs(max)) AS signal,
        CASE WHEN first_number IS NOT NULL THEN 0 END AS none
    FROM _equal_tap
)
SELECT
    e.pair, e.elements AS compared, 0 AS diverged,
    none::DOUBLE AS max_abs_error, none::DOUBLE AS max_rel_error,
    none::BIGINT AS max_ulps, e.nan AS both_nan,
    CASE WHEN none IS NOT NULL THEN {
        'bad': FALSE, 'error': none::DOUBLE, 'expected': -e.first_number,
        'actual': -e.first_number
    } END AS worst,
    none::DOUBLE AS least_rtol, none::DOUBLE AS least_atol,
    none::BIGINT AS least_ulps, none::DOUBLE AS number_error, e.signal,
    CASE WHEN b.kind = 'float'
        THEN _vacuous(e.signal, p.rtol, p.atol, p.max_ulps, p.precision)
        WHEN e.signal > 0
        THEN e.signal <= p.atol OR coalesce(e.signal <= p.max_ulps, FALSE)
    END AS vacuous,
    e.zeros = e.elements AS all_zero
FROM equal AS e
JOIN by_position AS b ON b.pair = e.pair
JOIN pair AS p ON p.pair = e.pair;

CREATE OR REPLACE VIEW _quick_outcome AS
SELECT
    q.pair, q.compared, q.diverged, q.max_abs_error, q.max_rel_error,
    q.max_ulps,
    {
        'bad': q.diverged > 0, 'error': q.worst_error,
        'expected': -q.worst, 'actual': -q.worst
    } AS worst,
    CASE WHEN q.diverged > 0 THEN _first(j) END AS first,
    q.rtol_base AS least_rtol, q.atol_base AS least_atol, q.least_ulps,
    q.max_abs_error AS number_error, q.signal,
    _vacuous(q.signal, p.rtol, p.atol, p.max_ulps, p.precision) AS vacuous,
    q.signal = 0 AND q.max_abs_error = 0 AS all_zero
FROM quick AS q
JOIN pair AS p ON p.pair = q.pair
LEFT JOIN query_table(getvariable('early')) AS j ON j.pair = q.pair
WHERE q.sound AND q.compared > 0
UNION ALL BY NAME
FROM _equal_outcome;

-- what outcome reads where all numbers are judged
CREATE OR REPLACE VIEW _no_outcome AS SELECT NULL::BIGINT AS pair WHERE FALSE;

CREATE OR REPLACE VIEW outcome AS
WITH bounded AS (
    SELECT
        j.*, p.max_ulps IS NOT NULL AND j.ulps <= p.max_ulps AS few_ulps,
        -- rounded up, so that the smallest tolerance is large enough
        CASE WHEN j.half_place = 0 THEN j.abs_error
            ELSE j.abs_error * (1 + pow(2::DOUBLE, -51)) - j.half_place
        END AS excess,
        j.actual_exact IS NULL OR j.expected_exact IS NULL AS relative,
        p.rtol, p.atol,
        CASE
            WHEN p.max_ulps IS NULL THEN FALSE
            WHEN j.expected_exact IS NOT NULL
                THEN abs(j.expected_exact) <= p.max_ulps
            ELSE ulp_distance(0::DOUBLE, j.expected, p.precision)
                <= p.max_ulps
        END AS zero_by_ulps
    FROM query_table(getvariable('rest')) AS j
    JOIN pair AS p USING (pair)
),
careful AS (
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
        arg_min(_first(j), coordinate) FILTER (NOT close) AS first,
        max(CASE
            WHEN isinf(abs_error) THEN 'inf'::DOUBLE
            WHEN abs_error <= half_place + atol OR few_ulps THEN 0
            WHEN relative AND scale > 0 THEN excess / scale
            ELSE 'inf'
        END) FILTER (class = 'number') AS least_rtol,
        max(CASE
            WHEN isinf(abs_error) THEN 'inf'::DOUBLE
            WHEN few_ulps THEN 0
            WHEN abs_error <= half_place
                + CASE WHEN relative THEN rtol * scale ELSE 0 END THEN 0
            ELSE excess
        END) FILTER (class = 'number') AS least_atol,
        max(CASE WHEN abs_error <= allowed THEN 0 ELSE ulps END)
            FILTER (class = 'number') AS least_ulps,
        max(abs_error) FILTER (class = 'number') AS number_error,
        max(abs(expected)) FILTER (isfinite(expected)) AS signal,
        bool_and(abs(expected) <= allowed OR zero_by_ulps)
            FILTER (isfinite(expected) AND expected <> 0) AS vacuous,
        bool_and(coalesce(actual = 0 AND expected = 0, FALSE)) AS all_zero
    FROM bounded AS j
    GROUP BY pair
)
SELECT
    pair, sum(compared)::BIGINT AS compared,
    sum(diverged)::BIGINT AS diverged, max(max_abs_error) AS max_abs_error,
    max(max_rel_error) AS max_rel_error, max(max_ulps) AS max_ulps,
    coalesce(sum(nan_mismatches), 0)::BIGINT AS nan_mismatches,
    coalesce(sum(both_nan), 0)::BIGINT AS both_nan,
    coalesce(sum(text_mismatches), 0)::BIGINT AS text_mismatches,
    max(worst) AS worst, arg_min(first, first.coordinate) AS first,
    _finite(max(least_rtol) * (1 + pow(2::DOUBLE, -51))) AS least_rtol,
    _finite(max(least_atol)) AS least_atol,
    CASE WHEN max(number_error) < 'inf' THEN max(least_ulps) END
        AS least_ulps,
    max(signal) AS signal, coalesce(bool_and(vacuous), FALSE) AS vacuous,
    bool_and(all_zero) AS all_zero
FROM (
    FROM careful
    UNION ALL BY NAME FROM query_table(getvariable('quickly'))
)
GROUP BY pair;

-- One row a tap that both sides have, in program order of the expected side.
--
-- Columns
-- tap              the tap
-- compared         numbers and texts that were compared
-- diverged         how many of them are not close
-- max_abs_error    largest error
-- max_rel_error    largest relative error
-- max_ulps         most units in the last place
-- nan_mismatches   NaN on one side only
-- both_nan         NaN on both sides
-- text_mismatches  unequal texts, or a text beside a number
-- worst_slow, worst_fast  pixel of the largest error among those that
--                  diverged, else of the largest error at all
-- unknown_pixel    the pixel was not stated, and matched by order
-- by_order         all dims that were matched by order, or NULL
-- not_compared     why it could not be compared, else NULL
-- rtol, atol, allowed_ulps, relative_to  the tolerance that applied
-- reason, origin   why it is what it is, and file:line of it, or "default"
-- integers         both sides hold integers, of which only atol allows errors
-- least_rtol, least_atol, least_ulps  the smallest rtol, atol or max_ulps
--                  that makes all numbers close, NaN on one side apart, where
--                  the rule stays as it is otherwise; NULL if none does
-- signal           largest expected number
-- vacuous          the tolerance is larger than the signal: all zeros on the
--                  actual side would have been close
-- all_zero         every number that was compared is 0 on both sides
-- dtypes           both types where one is coarser, whose tolerance and ulps
--                  then count: "float32 beside float64"; else NULL
-- derived          of a tap that one side was given: which side, and the
--                  expression, inputs and origin of derived_taps; else NULL
CREATE OR REPLACE MACRO tap_summary() AS TABLE
WITH placed AS (
    SELECT
        p.pair, o.* EXCLUDE (pair, first),
        map_concat(
            element_place(-o.worst.actual, list_filter(
                a.axes, lambda x: NOT list_contains(a.unknown, x.dim)
            )),
            element_place(-o.worst.expected, list_filter(
                e.axes, lambda x: NOT list_contains(e.unknown, x.dim)
            ))
        ) AS place,
        e.pixel
    FROM outcome AS o
    JOIN pair AS p USING (pair)
    JOIN tap_axes AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
    JOIN tap_axes AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
),
joined AS (
    SELECT
        p.tap, p.tap_order, p.pair, p.unknown_pixel, p.by_order, p.problem,
        p.rtol, p.atol, p.max_ulps AS allowed_ulps, p.relative_to,
        r.reason, r.origin,
        m.actual_kind IN ('int', 'uint', 'bool')
            AND m.expected_kind IN ('int', 'uint', 'bool') AS integers,
        CASE WHEN p.problem IS NULL THEN m.dtypes END AS dtypes,
        c.* EXCLUDE (pair, worst),
        CASE WHEN d.tap IS NOT NULL THEN struct_pack(
            d.side, d.expression, d.inputs, d.origin
        ) END AS derived,
        CASE WHEN c.worst IS NOT NULL THEN {
            'bad': c.worst.bad, 'error': c.worst.error, 'pair': -p.pair,
            'slow': c.place[c.pixel[1]], 'fast': c.place[c.pixel[2]]
        } END AS worst
    FROM pair AS p
    JOIN meeting AS m USING (pair)
    JOIN rule AS r ON r.tap = p.tap
    LEFT JOIN placed AS c USING (pair)
    LEFT JOIN derived_taps AS d ON d.tap = p.tap AND d.problem IS NULL
)
SELECT
    tap,
    coalesce(sum(compared), 0)::BIGINT AS compared,
    coalesce(sum(diverged), 0)::BIGINT AS diverged,
    max(max_abs_error) AS max_abs_error,
    max(max_rel_error) AS max_rel_error,
    max(max_ulps) AS max_ulps,
    coalesce(sum(nan_mismatches), 0)::BIGINT AS nan_mismatches,
    coalesce(sum(both_nan), 0)::BIGINT AS both_nan,
    coalesce(sum(text_mismatches), 0)::BIGINT AS text_mismatches,
    max(worst).slow AS worst_slow, max(worst).fast AS worst_fast,
    bool_or(unknown_pixel) AS unknown_pixel,
    string_agg(DISTINCT by_order, '; ' ORDER BY by_order) AS by_order,
    string_agg(DISTINCT problem, '; ' ORDER BY problem) AS not_compared,
    max(rtol) AS rtol, any_value(atol) AS atol,
    any_value(allowed_ulps) AS allowed_ulps,
    any_value(relative_to) AS relative_to, any_value(reason) AS reason,
    any_value(origin) AS origin, bool_and(integers) AS integers,
    CASE WHEN count(least_rtol) = count(compared) THEN max(least_rtol) END
        AS least_rtol,
    CASE WHEN count(least_atol) = count(compared) THEN max(least_atol) END
        AS least_atol,
    CASE WHEN count(least_ulps) = count(compared) THEN max(least_ulps) END
        AS least_ulps,
    max(signal) AS signal, coalesce(bool_and(vacuous), FALSE) AS vacuous,
    coalesce(bool_and(all_zero), FALSE) AS all_zero,
    string_agg(DISTINCT dtypes, '; ' ORDER BY dtypes) AS dtypes,
    any_value(derived) AS derived
FROM joined
GROUP BY tap
ORDER BY min(tap_order), tap;

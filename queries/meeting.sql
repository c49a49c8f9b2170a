-- One row two taps that meet, one of each side.
--
-- Taps meet by name. Where both sides print one name in several kinds of
-- line, equal kinds meet; a recording meets each. One name may stand for
-- several taps of a side, which differ in dims, type or unit: those that have
-- an equal on the other side meet that one only. Ignored taps don't meet.
--
-- Columns
-- pair       number of the pair
-- tap        the name
-- tap_order  program order: the first firing on the expected side
-- actual_tap, expected_tap        tap numbers in their traces
-- actual_family, expected_family  kinds of log line
-- actual_kind, expected_kind      what the numbers are
-- actual_unit, expected_unit      their units
-- precision  bits of the coarser type's significand
-- dtypes     both types where one is coarser ("float32 beside float64"), else
--            NULL
CREATE OR REPLACE TABLE meeting AS
WITH variant AS (
    SELECT
        t.*,
        {
            'dims': list_transform(a.axes, lambda x: x.dim), 'kind': t.kind,
            'unit': t.unit
        } AS signature,
        CASE t.dtype
            WHEN 'float32' THEN 24 WHEN 'complex64' THEN 24
            WHEN 'float16' THEN 11 WHEN 'bfloat16' THEN 8 ELSE 53
        END AS precision
    FROM trace_tap AS t
    JOIN tap_axes AS a ON a.side = t.side AND a.tap_id = t.tap_id
    JOIN need AS n ON n.side = t.side AND n.tap = t.name
    JOIN rule AS r ON r.tap = t.name AND r.compare = 'element'
    WHERE n.need <> 'ignored'
    -- of a name's kinds of line those that are ignored don't count, unless
    -- the policy wants the name and it has no others
    QUALIFY t.need <> 'ignored' OR bool_and(t.need = 'ignored') OVER (
        PARTITION BY t.side, t.name
    )
),
named AS (
    SELECT *, list(family) OVER (PARTITION BY side, name) AS families
    FROM variant
),
candidate AS (
    SELECT
        e.name AS tap, e."order" AS tap_order, a."order" AS actual_order,
        a.tap_id AS actual_tap, e.tap_id AS expected_tap,
        a.family AS actual_family, e.family AS expected_family,
        a.kind AS actual_kind, e.kind AS expected_kind,
        a.unit AS actual_unit, e.unit AS expected_unit,
        least(a.precision, e.precision) AS precision,
        CASE WHEN a.precision <> e.precision
            THEN format('{} beside {}', a.dtype, e.dtype) END AS dtypes,
        a.signature = e.signature AS equal
    FROM named AS a
    JOIN named AS e ON a.name = e.name
    WHERE a.side = 'actual' AND e.side = 'expected'
        AND (a.family = e.family OR NOT (
            list_contains(a.families, e.family)
            OR list_contains(e.families, a.family)
        ))
    QUALIFY equal OR NOT (
        bool_or(equal) OVER (PARTITION BY actual_tap)
        AND bool_or(equal) OVER (PARTITION BY expected_tap)
    )
)
SELECT
    row_number() OVER (
        ORDER BY tap_order, expected_tap, actual_order, actual_tap
    ) AS pair,
    * EXCLUDE (actual_order, equal)
FROM candidate
ORDER BY pair;

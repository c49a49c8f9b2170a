-- One row a fact in which the two runs are not known to agree: did both solve
-- the same problem?
--
-- Numbers are compared with the digits that were printed taken into account,
-- and to 1e-12, which is what rounding does to a converted unit; whole
-- numbers exactly. Units that don't convert differ. A fact that only one side
-- states is shown, and is no difference: a log that was cut states little. A
-- file is compared by its SHA-256, whatever its name; a side that runs under
-- tracekit states all of its files, so one that it did not read is stated.
--
-- Columns
-- key                            the fact, or "file NAME"
-- kind                           "differs", "actual only", "expected only", or
--                                "restated": one side states several values,
--                                listed with their origins; the last counts
-- decisive                       the runs solve different problems if it
--                                differs
-- actual, expected               what each side states, as text; or NULL
-- actual_value, expected_value   the same as numbers, NULL for texts and where
--                                the two sides have different units
-- unit                           of the numbers; else each text has its own
-- actual_origin, expected_origin  who stated it, or file:line
CREATE OR REPLACE MACRO _shown(x) AS
    CASE WHEN x = trunc(x) AND abs(x) < 1e15 THEN x::BIGINT::VARCHAR
        ELSE x::VARCHAR END;

CREATE OR REPLACE VIEW _difference AS
WITH fact AS (
    SELECT
        coalesce(a.key, e.key) AS key,
        coalesce(a.decisive, TRUE) AND coalesce(e.decisive, TRUE) AS decisive,
        coalesce(a.text, _shown(a.value)) AS actual,
        coalesce(e.text, _shown(e.value)) AS expected,
        a.value AS actual_value, e.value AS expected_value,
        coalesce(e.unit, a.unit) AS unit,
        coalesce(a.unit <> e.unit, FALSE) AS own_units,
        coalesce(a.unit <> e.unit AND u.factor IS NULL, FALSE) AS unlike,
        concat_ws(' ', coalesce(a.text, _shown(a.value)), a.unit)
            AS actual_in_unit,
        concat_ws(' ', coalesce(e.text, _shown(e.value)), e.unit)
            AS expected_in_unit,
        a.origin AS actual_origin, e.origin AS expected_origin,
        a.key IS NOT NULL AS in_actual, e.key IS NOT NULL AS in_expected,
        -- beyond 2^53 the text holds the whole number
        CASE WHEN a.quantum IS NULL THEN TRY_CAST(a.text AS HUGEINT) END
            AS actual_whole,
        CASE WHEN e.quantum IS NULL THEN TRY_CAST(e.text AS HUGEINT) END
            AS expected_whole,
        a.value * coalesce(u.factor, 1) + coalesce(u.shift, 0) AS converted,
        1e-12::DOUBLE * greatest(
            abs(a.value * coalesce(u.factor, 1)), abs(u.shift), abs(e.value)
        ) + coalesce(0.5::DOUBLE * pow(10::DOUBLE, a.quantum), 0)
        * coalesce(abs(u.factor), 1)
        + coalesce(0.5::DOUBLE * pow(10::DOUBLE, e.quantum), 0) AS allowed
    FROM (FROM config WHERE side = 'actual' AND counts) AS a
    FULL JOIN (FROM config WHERE side = 'expected' AND counts) AS e
        ON a.key = e.key
    LEFT JOIN unit_factor AS u
        ON u.actual_unit = a.unit AND u.expected_unit = e.unit
),
compared AS (
    SELECT
        key, decisive, actual_origin, expected_origin, in_actual, in_expected,
        CASE WHEN own_units THEN actual_in_unit ELSE actual END AS actual,
        CASE WHEN own_units THEN expected_in_unit ELSE expected END
            AS expected,
        CASE WHEN NOT own_units THEN actual_value END AS actual_value,
        CASE WHEN NOT own_units THEN expected_value END AS expected_value,
        CASE WHEN NOT own_units THEN unit END AS unit,
        CASE
            WHEN fact.actual_value IS NULL OR fact.expected_value IS NULL
                THEN fact.actual = fact.expected
                AND fact.actual_value IS NULL AND fact.expected_value IS NULL
            WHEN unlike THEN FALSE
            WHEN actual_whole IS NOT NULL AND expected_whole IS NOT NULL
                AND converted = fact.actual_value
                THEN actual_whole = expected_whole
            ELSE converted = fact.expected_value OR coalesce(
                isfinite(converted) AND isfinite(fact.expected_value)
                AND abs(converted - fact.expected_value) <= allowed, FALSE
            )
        END AS equal
    FROM fact
),
input AS (
    SELECT
        f.side, f.name, string_agg(DISTINCT f.sha256, ', ' ORDER BY f.sha256)
            AS sha256,
        any_value(f.origin ORDER BY f.role) AS origin
    FROM trace_file AS f
    WHERE f.role IN ('input', 'side') AND f.side IN ('actual', 'expected')
    GROUP BY f.side, f.name
),
restated AS (
    SELECT
        key, 'restated' AS kind, bool_or(decisive) AS decisive,
        string_agg(said, ', then ' ORDER BY number) FILTER (side = 'actual')
            AS actual,
        string_agg(said, ', then ' ORDER BY number) FILTER (side = 'expected')
            AS expected,
        NULL::DOUBLE AS actual_value, NULL::DOUBLE AS expected_value,
        NULL::VARCHAR AS unit,
        any_value(origin ORDER BY number DESC) FILTER (side = 'actual')
            AS actual_origin,
        any_value(origin ORDER BY number DESC) FILTER (side = 'expected')
            AS expected_origin
    FROM (
        SELECT
            side, key, decisive, origin, row_number() OVER () AS number,
            concat_ws(
                ' ', coalesce(text, _shown(value)), unit,
                '(' || nullif(origin, '') || ')'
            ) AS said,
            value, text, unit,
            coalesce(0.5::DOUBLE * pow(10::DOUBLE, quantum), 0) AS half
        FROM config
        WHERE side IN ('actual', 'expected')
    )
    GROUP BY side, key
    -- one number printed with more digits than before is no other number
    HAVING count(*) > 1 AND NOT coalesce(
        count(*) = count(value) AND count(DISTINCT unit) <= 1
        AND max(value) - min(value) <= 2 * max(half), FALSE
    )
),
complete AS (
    SELECT
        bool_or(side = 'actual') AS actual,
        bool_or(side = 'expected') AS expected
    FROM trace_run
    WHERE family IN ('program', 'python')
),
used AS (
    SELECT
        'file ' || coalesce(a.name, e.name) AS key, TRUE AS decisive,
        CASE
            WHEN a.name IS NOT NULL
                THEN 'read, sha256 ' || coalesce(a.sha256, 'unknown')
            WHEN c.actual THEN 'not read'
        END AS actual,
        CASE
            WHEN e.name IS NOT NULL
                THEN 'read, sha256 ' || coalesce(e.sha256, 'unknown')
            WHEN c.expected THEN 'not read'
        END AS expected,
        a.origin AS actual_origin, e.origin AS expected_origin,
        a.name IS NOT NULL OR c.actual AS in_actual,
        e.name IS NOT NULL OR c.expected AS in_expected,
        a.name IS NOT NULL AND e.name IS NOT NULL
            AND (a.sha256 = e.sha256) IS NOT FALSE AS equal
    FROM (FROM input WHERE side = 'actual') AS a
    FULL JOIN (FROM input WHERE side = 'expected') AS e ON a.name = e.name
    CROSS JOIN complete AS c
    -- the other side read it under another name
    WHERE (a.name IS NOT NULL AND e.name IS NOT NULL) OR NOT EXISTS (
        FROM input AS o
        WHERE o.sha256 = coalesce(a.sha256, e.sha256)
            AND o.side <> coalesce(a.side, e.side)
    )
)
SELECT
    key,
    CASE
        WHEN NOT in_expected THEN 'actual only'
        WHEN NOT in_actual THEN 'expected only'
        ELSE 'differs'
    END AS kind,
    decisive, actual, expected, actual_value, expected_value, unit,
    actual_origin, expected_origin
FROM (
    FROM compared
    UNION ALL BY NAME FROM used
)
WHERE NOT (in_actual AND in_expected AND equal IS TRUE)
UNION ALL BY NAME FROM restated
ORDER BY kind <> 'differs', NOT decisive, key;

CREATE OR REPLACE MACRO configuration_differences() AS TABLE FROM _difference;

-- One row a fact in which the two runs are not known to agree: did both solve
-- the same problem?
--
-- Numbers are compared with the digits that were printed taken into account,
-- and to 1e-12, which is what rounding does to a converted unit. A fact that
-- only one side states is shown, and is no difference: a log that was cut
-- states little. A file is compared by its SHA-256; a side that runs under
-- tracekit states all of its files, so one that it did not read is stated.
--
-- key               the fact, or "file NAME"
-- kind              "differs", "actual only" or "expected only"
-- decisive          the runs solve different problems if it differs
-- actual, expected  what each side states, as text; NULL where it doesn't
-- actual_value, expected_value   the same as numbers, NULL for texts
-- unit              of the numbers
-- actual_origin, expected_origin   who stated it, or file:line
CREATE OR REPLACE MACRO _shown(x) AS
    CASE WHEN x = trunc(x) AND abs(x) < 1e15 THEN x::BIGINT::VARCHAR
        ELSE x::VARCHAR END;

CREATE OR REPLACE MACRO configuration_differences() AS TABLE
WITH fact AS (
    SELECT
        coalesce(a.key, e.key) AS key,
        coalesce(a.decisive, TRUE) AND coalesce(e.decisive, TRUE) AS decisive,
        coalesce(a.text, _shown(a.value)) AS actual,
        coalesce(e.text, _shown(e.value)) AS expected,
        a.value AS actual_value, e.value AS expected_value,
        coalesce(e.unit, a.unit) AS unit,
        a.origin AS actual_origin, e.origin AS expected_origin,
        a.key IS NOT NULL AS in_actual, e.key IS NOT NULL AS in_expected,
        CASE
            WHEN a.value IS NULL OR e.value IS NULL THEN a.text = e.text
            ELSE coalesce(a.value = e.value, FALSE) OR coalesce(
                abs(a.value * coalesce(u.factor, 1) - e.value)
                <= 1e-12 * abs(e.value)
                + coalesce(0.5::DOUBLE * pow(10::DOUBLE, a.quantum), 0)
                * coalesce(abs(u.factor), 1)
                + coalesce(0.5::DOUBLE * pow(10::DOUBLE, e.quantum), 0),
                FALSE
            ) OR (isnan(a.value) AND isnan(e.value))
        END AS equal
    FROM (SELECT * FROM trace_config WHERE side = 'actual') AS a
    FULL JOIN (SELECT * FROM trace_config WHERE side = 'expected') AS e
        ON a.key = e.key
    LEFT JOIN unit_factor AS u
        ON u.actual_unit = a.unit AND u.expected_unit = e.unit
),
input AS (
    SELECT f.*, r.family <> 'log' AS complete
    FROM trace_file AS f
    JOIN trace_run AS r USING (side)
    WHERE f.role IN ('input', 'side')
),
used AS (
    SELECT
        'file ' || coalesce(a.name, e.name) AS key, TRUE AS decisive,
        CASE
            WHEN a.name IS NOT NULL
                THEN 'read, sha256 ' || coalesce(a.sha256, 'unknown')
            WHEN s.actual_complete THEN 'not read'
        END AS actual,
        CASE
            WHEN e.name IS NOT NULL
                THEN 'read, sha256 ' || coalesce(e.sha256, 'unknown')
            WHEN s.expected_complete THEN 'not read'
        END AS expected,
        NULL::DOUBLE AS actual_value, NULL::DOUBLE AS expected_value,
        NULL::VARCHAR AS unit,
        a.origin AS actual_origin, e.origin AS expected_origin,
        a.name IS NOT NULL OR s.actual_complete AS in_actual,
        e.name IS NOT NULL OR s.expected_complete AS in_expected,
        a.name IS NOT NULL AND e.name IS NOT NULL
            AND (a.sha256 = e.sha256) IS NOT FALSE AS equal
    FROM (SELECT * FROM input WHERE side = 'actual') AS a
    FULL JOIN (SELECT * FROM input WHERE side = 'expected') AS e
        ON a.name = e.name
    CROSS JOIN (
        SELECT
            bool_or(side = 'actual' AND family <> 'log') AS actual_complete,
            bool_or(side = 'expected' AND family <> 'log')
                AS expected_complete
        FROM trace_run
    ) AS s
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
FROM (FROM fact UNION ALL BY NAME FROM used)
WHERE NOT (in_actual AND in_expected AND equal IS TRUE)
ORDER BY kind <> 'differs', NOT decisive, key;

-- One row a pair of taps whose numbers meet by position: the n-th of one side
-- and the n-th of the other are at the same coordinate.
--
-- So it is where both sides store the same grid and ordinals, which the
-- stored hashes of their keys tell without reading a number. Small taps are
-- compared by key all the same; the rows of aligned don't depend on it. The
-- variable by_position says from how many numbers on.
--
-- Columns
-- pair                      the pair of taps
-- actual_tap, expected_tap  tap numbers in their traces
-- elements                  how many numbers each side has
-- kind                      what they are: float, int, uint or bool
CREATE OR REPLACE MACRO _meet_floats(number, actual, expected) AS TABLE
SELECT
    number AS pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a."float"::DOUBLE AS actual_value, NULL::HUGEINT AS actual_exact,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e."float"::DOUBLE AS expected_value, NULL::HUGEINT AS expected_exact
FROM query_table(actual) AS a
POSITIONAL JOIN query_table(expected) AS e;

CREATE OR REPLACE MACRO _meet_integers(number, actual, expected) AS TABLE
SELECT
    number AS pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a."integer"::DOUBLE AS actual_value, a."integer"::HUGEINT AS actual_exact,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e."integer"::DOUBLE AS expected_value,
    e."integer"::HUGEINT AS expected_exact
FROM query_table(actual) AS a
POSITIONAL JOIN query_table(expected) AS e;

CREATE OR REPLACE VIEW _met AS
SELECT
    NULL::BIGINT AS pair, NULL::BIGINT AS actual_ordinal,
    NULL::BIGINT AS actual_event, NULL::DOUBLE AS actual_value,
    NULL::HUGEINT AS actual_exact, NULL::BIGINT AS expected_ordinal,
    NULL::BIGINT AS expected_event, NULL::DOUBLE AS expected_value,
    NULL::HUGEINT AS expected_exact
WHERE FALSE;

CREATE OR REPLACE TABLE by_position AS
SELECT p.pair, p.actual_tap, p.expected_tap, a.elements, a.kind
FROM pair AS p
JOIN trace_tap AS a ON a.side = 'actual' AND a.tap_id = p.actual_tap
JOIN trace_tap AS e ON e.side = 'expected' AND e.tap_id = p.expected_tap
WHERE p.problem IS NULL AND p.actual_same AND p.expected_same
    AND a.key_hash = e.key_hash AND a.elements = e.elements
    AND a.elements >= getvariable('by_position')
    AND (a.kind = e.kind AND a.kind = 'float'
        OR a.kind IN ('int', 'bool') AND e.kind IN ('int', 'bool'))
ORDER BY p.pair;

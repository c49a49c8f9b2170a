-- One row a number that both sides have at one coordinate.
--
-- Columns
-- pair, tap, tap_order      the pair of taps, program order on the expected
--                           side
-- slow, fast                the pixel; NULL where neither side states it
-- actual_tap, actual_ordinal, actual_event        where the actual element is
-- expected_tap, expected_ordinal, expected_event  where the expected one is
-- actual, expected          the numbers as DOUBLE, the actual one in the
--                           expected side's unit; NULL for a text
-- actual_exact, expected_exact  integers without rounding, else NULL
-- actual_text, expected_text    texts, NULL for numbers
-- half_place                how far from it the value may be that was printed
--                           or converted, both sides' added
-- unit                      unit of the numbers
CREATE OR REPLACE MACRO _half_place(value, quantum) AS
    -- half a unit of the last printed place, and the rounding of what was
    -- read; so many digits that one double alone prints so are exact
    CASE
        WHEN quantum IS NULL OR value IS NULL OR 0.5::DOUBLE
            * pow(10::DOUBLE, quantum) < abs(value) * pow(2::DOUBLE, -54)
            THEN 0::DOUBLE
        ELSE 0.5::DOUBLE * pow(10::DOUBLE, quantum)
            + abs(value) * pow(2::DOUBLE, -53)
    END;

CREATE OR REPLACE VIEW _met_by_key AS
WITH number AS (
    SELECT
        side, tap_id, ordinal, event, quantum,
        CASE WHEN digits IS DISTINCT FROM -1
            THEN coalesce("float", "integer"::DOUBLE, "unsigned"::DOUBLE)
        END AS value,
        coalesce("integer"::HUGEINT, "unsigned"::HUGEINT) AS exact,
        CASE
            WHEN digits = -1 THEN text
            WHEN "float" IS NULL AND "integer" IS NULL AND "unsigned" IS NULL
                THEN text
        END AS text
    FROM key_element
),
actual AS (
    SELECT
        n.*, p.tap, p.pair, x.slow, x.fast, element_key(
            n.ordinal, p.actual_same, p.actual_axes, p.actual_orders
        ) AS key
    FROM number AS n
    JOIN pair AS p ON n.tap_id = p.actual_tap
    JOIN pair_pixel AS x ON x.pair = p.pair
    ANTI JOIN by_position AS b ON b.pair = p.pair
    WHERE n.side = 'actual' AND p.problem IS NULL
),
expected AS (
    SELECT
        n.*, p.pair, element_key(
            n.ordinal, p.expected_same, p.expected_axes, p.expected_orders
        ) AS key
    FROM number AS n
    JOIN pair AS p ON n.tap_id = p.expected_tap
    ANTI JOIN by_position AS b ON b.pair = p.pair
    WHERE n.side = 'expected' AND p.problem IS NULL
)
SELECT
    a.tap, a.slow AS slow_axis, a.fast AS fast_axis,
    a.pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a.value AS actual_value, a.exact AS actual_exact,
    a.text AS actual_text, a.quantum AS actual_quantum,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e.value AS expected_value, e.exact AS expected_exact,
    e.text AS expected_text, e.quantum AS expected_quantum
FROM actual AS a
JOIN expected AS e ON e.pair = a.pair AND e.key = a.key;

CREATE OR REPLACE MACRO _pixel_index(axis, actual, expected) AS
    CASE axis.side WHEN 'expected' THEN expected ELSE actual END
    // axis.stride % axis.extent + axis.origin;

CREATE OR REPLACE MACRO _aligned(met) AS TABLE
SELECT
    m.pair, m.tap, p.tap_order,
    _pixel_index(m.slow_axis, m.actual_ordinal, m.expected_ordinal) AS slow,
    _pixel_index(m.fast_axis, m.actual_ordinal, m.expected_ordinal) AS fast,
    p.actual_tap, m.actual_ordinal, m.actual_event,
    p.expected_tap, m.expected_ordinal, m.expected_event,
    CASE
        WHEN p.factor IS NULL THEN m.actual_value
        ELSE m.actual_value * p.factor + p.shift
    END AS actual,
    m.expected_value AS expected,
    CASE WHEN p.factor IS NULL THEN m.actual_exact END AS actual_exact,
    CASE WHEN p.factor IS NULL THEN m.expected_exact END AS expected_exact,
    m.actual_text, m.expected_text,
    CASE
        WHEN p.factor IS NULL THEN _half_place(m.actual_value, m.actual_quantum)
        ELSE abs(p.factor) * (
            _half_place(m.actual_value, m.actual_quantum)
            + abs(m.actual_value) * pow(2::DOUBLE, 2 - p.precision)
        ) + abs(p.shift) * pow(2::DOUBLE, 2 - p.precision)
    END + _half_place(m.expected_value, m.expected_quantum) AS half_place,
    p.unit
FROM query_table(met) AS m
JOIN pair AS p ON p.pair = m.pair;

CREATE OR REPLACE VIEW _met_any AS
FROM _met_by_key UNION ALL BY NAME FROM _met;

CREATE OR REPLACE VIEW aligned AS FROM _aligned('_met_any');

-- One row a number that both sides have at one coordinate.
--
-- pair, tap         the pair of taps
-- tap_order         program order of the tap on the expected side
-- key               the shared coordinate, in program order; the vector that
--                   an element belongs to is key // size
-- size              components in a vector
-- actual_tap, actual_ordinal        where the actual element is stored
-- expected_tap, expected_ordinal    where the expected element is stored
-- actual, expected  the numbers as DOUBLE, the actual one in the expected
--                   side's unit; NULL for a text
-- actual_exact, expected_exact      integers without rounding, else NULL
-- actual_text, expected_text        texts, NULL for numbers
-- half_place        half a unit of the last printed place, both sides' added
-- precision         bits of the coarser type's significand
-- unit              unit of the numbers
CREATE OR REPLACE VIEW aligned AS
WITH number AS (
    SELECT
        side, tap_id, ordinal,
        CASE WHEN digits IS DISTINCT FROM -1
            THEN coalesce("float", "integer"::DOUBLE, "unsigned"::DOUBLE)
        END AS value,
        coalesce("integer"::HUGEINT, "unsigned"::HUGEINT) AS exact,
        CASE
            WHEN digits = -1 THEN text
            WHEN "float" IS NULL AND "integer" IS NULL AND "unsigned" IS NULL
                THEN text
        END AS text,
        coalesce(0.5::DOUBLE * pow(10::DOUBLE, quantum), 0) AS half_place
    FROM trace_element
),
actual AS (
    SELECT
        p.pair, n.*, p.factor,
        coalesce(list_sum(list_transform(p.actual_axes, lambda x:
            (n.ordinal // x.stride % x.extent + x.shift) * x.key_stride
        )), 0)::HUGEINT AS key
    FROM number AS n
    JOIN pair AS p ON n.side = 'actual' AND n.tap_id = p.actual_tap
    WHERE p.problem IS NULL
),
expected AS (
    SELECT
        p.pair, n.*,
        coalesce(list_sum(list_transform(p.expected_axes, lambda x:
            (n.ordinal // x.stride % x.extent + x.shift) * x.key_stride
        )), 0)::HUGEINT AS key
    FROM number AS n
    JOIN pair AS p ON n.side = 'expected' AND n.tap_id = p.expected_tap
    WHERE p.problem IS NULL
)
SELECT
    p.pair, p.tap, p.tap_order, a.key, p.size,
    p.actual_tap, a.ordinal AS actual_ordinal,
    p.expected_tap, e.ordinal AS expected_ordinal,
    CASE WHEN a.factor IS NULL THEN a.value ELSE a.value * a.factor END
        AS actual,
    e.value AS expected,
    CASE WHEN a.factor IS NULL THEN a.exact END AS actual_exact,
    e.exact AS expected_exact,
    a.text AS actual_text, e.text AS expected_text,
    a.half_place * coalesce(abs(a.factor), 1) + e.half_place AS half_place,
    p.precision, p.unit
FROM pair AS p
JOIN actual AS a ON a.pair = p.pair
JOIN expected AS e ON e.pair = p.pair AND e.key = a.key;

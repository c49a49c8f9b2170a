-- One row a number (or a text) inside an event, with its named coordinate.
--
-- Columns
-- side        which trace
-- tap         the tap
-- family      which kind of log line printed it, "" if it was recorded
-- slow, fast  the pixel; NULL where the tap has none, or it isn't stated
-- component   place in a vector or a row-major matrix; NULL for a scalar
-- label       the component's name ("x"), NULL where it has none
-- occurrence  the n-th firing at this coordinate, from 0
-- coordinate  all other dims and loop indices, name to index
-- value       the number as DOUBLE; NULL for a text
-- exact       the number, if it is an integer, without rounding
-- text        a text, or the printed form that value and digits can't rebuild
-- unit        spelled out
-- dtype       the program's own type
-- digits      significant digits that the print format carries
-- quantum     decimal exponent of the last printed place
-- tap_id, event, ordinal  where it is stored
CREATE OR REPLACE VIEW element AS
WITH placed AS (
    SELECT
        e.*, t.name AS tap, t.family, t.unit, t.dtype, a.labels, a.pixel,
        a.unknown, element_place(e.ordinal, a.axes) AS place
    FROM trace_element AS e
    JOIN trace_tap AS t ON e.side = t.side AND e.tap_id = t.tap_id
    JOIN tap_axes AS a ON e.side = a.side AND e.tap_id = a.tap_id
)
SELECT
    side, tap, family,
    CASE WHEN NOT list_contains(unknown, pixel[1])
        THEN place[pixel[1]] END AS slow,
    CASE WHEN NOT list_contains(unknown, pixel[2])
        THEN place[pixel[2]] END AS fast,
    place['component'] AS component,
    labels[place['component'] + 1] AS label,
    coalesce(place['occurrence'], 0) AS occurrence,
    map_from_entries(list_filter(map_entries(place), lambda x:
        x.key NOT IN ('component', 'occurrence', pixel[1], pixel[2])
    )) AS coordinate,
    CASE WHEN digits IS DISTINCT FROM -1
        THEN coalesce("float", "integer"::DOUBLE, "unsigned"::DOUBLE)
    END AS value,
    coalesce("integer"::HUGEINT, "unsigned"::HUGEINT) AS exact,
    text, unit, dtype, digits, quantum, tap_id, event, ordinal
FROM placed;

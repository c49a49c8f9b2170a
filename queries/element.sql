-- One row a number (or a text) inside an event, with its named coordinate.
--
-- side        which trace
-- tap, family the tap; which kind of log line printed it, "" if recorded
-- slow, fast  the pixel; NULL where the tap has none
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
-- tap_id, event, ordinal   where it is stored
CREATE OR REPLACE VIEW element AS
WITH placed AS (
    SELECT
        e.*, t.name AS tap, t.family, t.unit, t.dtype, a.labels,
        list_contains(a.unknown, r.pixel_dims[1]) AS pixel_unknown,
        r.pixel_dims AS pixel,
        map_from_entries(list_transform(a.axes, lambda x: {
            'k': x.dim,
            'v': e.ordinal // x.stride % x.extent + x.origin
        })) AS place
    FROM trace_element AS e
    JOIN trace_tap AS t ON e.side = t.side AND e.tap_id = t.tap_id
    JOIN trace_run AS r ON e.side = r.side
    JOIN tap_axes AS a ON e.side = a.side AND e.tap_id = a.tap_id
)
SELECT
    side, tap, family,
    CASE WHEN NOT pixel_unknown THEN place[pixel[1]] END AS slow,
    CASE WHEN NOT pixel_unknown THEN place[pixel[2]] END AS fast,
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

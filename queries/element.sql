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
CREATE OR REPLACE MACRO _axis(axes, name) AS
    list_filter(axes, lambda x: x.dim = name)[1];

CREATE OR REPLACE MACRO _along(ordinal, axis) AS
    ordinal // axis.stride % axis.extent + axis.origin;

-- the axes that have columns of their own: an index along one is found without
-- the whole coordinate, which a WHERE then saves
CREATE OR REPLACE VIEW _element_axes AS
SELECT
    *, CASE WHEN NOT list_contains(unknown, pixel[1])
        THEN _axis(axes, pixel[1]) END AS slow,
    CASE WHEN NOT list_contains(unknown, pixel[2])
        THEN _axis(axes, pixel[2]) END AS fast,
    _axis(axes, 'component') AS component,
    _axis(axes, 'occurrence') AS occurrence
FROM tap_axes;

CREATE OR REPLACE VIEW element AS
SELECT
    e.side, t.name AS tap, t.family, _along(e.ordinal, a.slow) AS slow,
    _along(e.ordinal, a.fast) AS fast,
    _along(e.ordinal, a.component) AS component,
    a.labels[_along(e.ordinal, a.component) + 1] AS label,
    coalesce(_along(e.ordinal, a.occurrence), 0) AS occurrence,
    element_place(e.ordinal, list_filter(a.axes, lambda x:
        x.dim NOT IN ('component', 'occurrence', a.pixel[1], a.pixel[2])
    )) AS coordinate,
    CASE WHEN e.digits IS DISTINCT FROM -1
        THEN coalesce(e."float", e."integer"::DOUBLE, e."unsigned"::DOUBLE)
    END AS value,
    coalesce(e."integer"::HUGEINT, e."unsigned"::HUGEINT) AS exact,
    e.text, t.unit, t.dtype, e.digits, e.quantum, e.tap_id, e.event, e.ordinal
FROM trace_element AS e
JOIN trace_tap AS t ON e.side = t.side AND e.tap_id = t.tap_id
JOIN _element_axes AS a ON e.side = a.side AND e.tap_id = a.tap_id;

-- as `tracekit export` writes it: integers of any size as texts
CREATE OR REPLACE VIEW _exported AS
SELECT * EXCLUDE (side, exact), exact::VARCHAR AS exact
FROM element
ORDER BY tap_id, ordinal;

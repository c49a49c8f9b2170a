-- One row a tap of a trace, in program order.
--
-- Columns
-- side      which trace
-- tap       the tap
-- family    which kind of log line printed it, "" if it was recorded
-- elements  how many numbers and texts
-- dims      its dims with their extents
-- unit      spelled out
-- dtype     the program's own type
-- need      whether the other side must have it: required, optional, ignored
-- merged    repeats in a log that were the same
CREATE OR REPLACE VIEW taps AS
SELECT
    t.side, t.name AS tap, t.family, t.elements,
    array_to_string(list_transform(
        a.axes, lambda x: x.dim || '=' || x.extent
    ), ' ') AS dims,
    t.unit, t.dtype, t.need, t.merged
FROM trace_tap AS t
JOIN tap_axes AS a ON a.side = t.side AND a.tap_id = t.tap_id
ORDER BY t.side, t."order", t.tap_id;

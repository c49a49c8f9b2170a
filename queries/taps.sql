-- One row a tap of a trace, in program order.
--
-- side      which trace
-- tap, family   the tap; which kind of log line printed it, "" if recorded
-- elements  how many numbers and texts
-- dims      its dims with their extents
-- unit      spelled out
-- dtype     the program's own type
-- need      whether the other side must have it: required, optional, ignored
-- merged    repeats in a log that were the same
CREATE OR REPLACE VIEW taps AS
SELECT
    t.side, t.name AS tap, t.family, t.elements,
    coalesce(string_agg(
        g.dim || '=' || g.extent, ' ' ORDER BY g.position
    ), '') AS dims,
    t.unit, t.dtype, t.need, t.merged
FROM trace_tap AS t
LEFT JOIN trace_grid AS g ON g.side = t.side AND g.tap_id = t.tap_id
GROUP BY ALL, t."order", t.tap_id
ORDER BY t.side, t."order", t.tap_id;

-- One row a firing of a tap, in program order.
--
-- Columns
-- side         which trace
-- sequence     place in the program order of the run
-- tap          the tap
-- family       which kind of log line printed it, "" if it was recorded
-- event        place among the firings of this tap
-- phase        forward, backward or recompute
-- process      0, or the rank; forked children count on from there
-- thread       the thread that fired it
-- grid_origin  first index of every dim
-- grid_extent  how many indices of every dim
-- elements     how many numbers it holds
-- file, line   where the tap was called, or the line was read
-- time_ns      wall-clock time since the epoch, 0 where unknown
-- context      the logger's bound context
CREATE OR REPLACE VIEW event AS
SELECT
    e.side, e.sequence, t.name AS tap, t.family, e.event, e.phase, e.process,
    e.thread, e.grid_origin, e.grid_extent, e.elements, e.file, e.line,
    e.time_ns, e.context
FROM trace_event AS e
JOIN trace_tap AS t ON e.side = t.side AND e.tap_id = t.tap_id
ORDER BY e.side, e.sequence;

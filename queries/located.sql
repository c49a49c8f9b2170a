-- One row a compared number, as judged, with its pixel.
--
-- Columns
-- number      place of the tap in program order (see tap_number)
-- slow, fast  the pixel; NULL where neither side states it
-- pair, tap, tap_order, actual_tap, actual_ordinal, actual_event  see judged
-- expected_tap, expected_ordinal, expected_event  see judged
-- actual, expected, actual_exact, expected_exact  see judged
-- actual_text, expected_text, half_place, unit    see judged
-- coordinate, class, abs_error, scale, rel_error, ulps  see judged
-- allowed, close  see judged
CREATE OR REPLACE MACRO _pixel_index(axis, actual, expected) AS
    CASE axis.side WHEN 'expected' THEN expected ELSE actual END
    // axis.stride % axis.extent + axis.origin;

CREATE OR REPLACE MACRO _located(numbers) AS TABLE
SELECT
    n.number,
    _pixel_index(x.slow, j.actual_ordinal, j.expected_ordinal) AS slow,
    _pixel_index(x.fast, j.actual_ordinal, j.expected_ordinal) AS fast,
    j.pair, j.tap, j.tap_order, j.actual_tap, j.actual_ordinal,
    j.actual_event, j.expected_tap, j.expected_ordinal, j.expected_event,
    j.actual, j.expected, j.actual_exact, j.expected_exact, j.actual_text,
    j.expected_text, j.half_place, j.unit, j.coordinate, j.class,
    j.abs_error, j.scale, j.rel_error, j.ulps, j.allowed, j.close
FROM query_table(numbers) AS j
JOIN pair_pixel AS x ON x.pair = j.pair
JOIN tap_number AS n ON n.tap = j.tap;

CREATE OR REPLACE VIEW located AS FROM _located('judged');

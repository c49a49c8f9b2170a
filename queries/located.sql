-- One row a compared number, as judged, with its tap's place.
--
-- Columns
-- number      place of the tap in program order (see tap_number)
-- pair, tap, tap_order, slow, fast  see judged
-- actual_tap, actual_ordinal, actual_event  see judged
-- expected_tap, expected_ordinal, expected_event  see judged
-- actual, expected, actual_exact, expected_exact  see judged
-- actual_text, expected_text, half_place, unit    see judged
-- coordinate, class, abs_error, scale, rel_error, ulps  see judged
-- allowed, close  see judged
CREATE OR REPLACE MACRO _located(numbers) AS TABLE
SELECT n.number, j.*
FROM query_table(numbers) AS j
JOIN tap_number AS n ON n.expected_tap = j.expected_tap;

CREATE OR REPLACE VIEW located AS FROM _located('judged');

-- One row a number that diverged, as located has it.
--
-- Columns
-- number  see located
-- pair, tap, tap_order, slow, fast  see judged
-- actual_tap, actual_ordinal, actual_event  see judged
-- expected_tap, expected_ordinal, expected_event  see judged
-- actual, expected, actual_exact, expected_exact  see judged
-- actual_text, expected_text, half_place, unit    see judged
-- coordinate, class, abs_error, scale, rel_error, ulps  see judged
-- allowed     see judged
CREATE OR REPLACE VIEW divergence AS
SELECT * EXCLUDE (close) FROM _located('suspect') WHERE NOT close;

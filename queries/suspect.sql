-- One row an aligned number that is not close at first sight, as judged.
--
-- All that diverged are among them. Of large taps that meet by position the
-- others are passed over as they are read; where all numbers are judged
-- already (the variable suspects says so) these are taken.
--
-- Columns
-- pair, tap, tap_order, slow, fast  see judged
-- actual_tap, actual_ordinal, actual_event  see judged
-- expected_tap, expected_ordinal, expected_event  see judged
-- actual, expected, actual_exact, expected_exact  see judged
-- actual_text, expected_text, half_place, unit    see judged
-- coordinate, class, abs_error, scale, rel_error, ulps  see judged
-- allowed, close  see judged
CREATE OR REPLACE VIEW _met_unlike AS
FROM _met_by_key UNION ALL BY NAME FROM _met_suspect;

CREATE OR REPLACE VIEW _aligned_unlike AS FROM _aligned('_met_unlike');

CREATE OR REPLACE VIEW _judged_unlike AS FROM _judged('_aligned_unlike');

CREATE OR REPLACE VIEW suspect AS
FROM query_table(getvariable('suspects'));

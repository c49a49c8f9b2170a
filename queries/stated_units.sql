-- One row a tap or a fact: the unit that a side gives to a name.
--
-- Columns
-- side  which trace
-- name  of the tap or of the fact
-- unit  spelled out, NULL where it isn't stated
CREATE OR REPLACE MACRO stated_units() AS TABLE
SELECT side, name, unit FROM trace_tap
UNION ALL
SELECT side, key, unit FROM trace_config;

-- One row a tap that only one side has and a rule makes of other taps of the
-- other side.
--
-- Dialects and policies hold such rules, for what a program prints and never
-- uses (see tracekit/comparison/derived.py, which writes these rows). Derived
-- taps stand behind all others, so no error begins at one that its inputs have.
--
-- Columns
-- tap         the tap
-- side        the side that lacks it
-- expression  what it is made of there, with the units that are meant
-- inputs      the taps in it
-- origin      file:line of the rule
-- problem     why it can't be made, NULL where it is
CREATE OR REPLACE TABLE derived_taps AS
SELECT
    NULL::VARCHAR AS tap, NULL::VARCHAR AS side, NULL::VARCHAR AS expression,
    NULL::VARCHAR AS inputs, NULL::VARCHAR AS origin,
    NULL::VARCHAR AS problem
WHERE FALSE;

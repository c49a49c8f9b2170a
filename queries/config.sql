-- One row a fact that a run stated about the problem it solved.
--
-- Columns
-- side      which trace
-- key       the fact's name
-- value     the number, NULL for a text
-- text      the text, or the number as it was printed
-- digits    significant digits that were printed, NULL for an exact number
-- quantum   decimal exponent of the last printed place, NULL if exact
-- unit      spelled out
-- decisive  two runs that differ here solve different problems
-- origin    who stated it, or file:line
CREATE OR REPLACE VIEW config AS
SELECT * EXCLUDE (run_id) FROM trace_config;

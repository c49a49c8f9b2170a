-- One row a fact that a run stated about the problem it solved.
--
-- Of a fact that a run states again with another value the last one counts.
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
-- counts    whether it is the last of its key
CREATE OR REPLACE VIEW config AS
SELECT
    * EXCLUDE (run_id), row_number() OVER (
        PARTITION BY side, key ORDER BY rowid DESC
    ) = 1 AS counts
FROM trace_config
ORDER BY rowid;

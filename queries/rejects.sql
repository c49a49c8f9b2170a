-- One row a line of a log that was not understood, in the order of the file.
--
-- What it said is in no other view: a tap may be missing because of it.
--
-- Columns
-- side        which trace
-- file, line  where it stands
-- reason      why it could not be read
-- text        the line
CREATE OR REPLACE VIEW rejects AS
SELECT side, file, line, reason, text
FROM trace_reject
ORDER BY side, file, line;

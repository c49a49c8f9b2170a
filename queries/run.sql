-- One row a run: what was executed, when, with which versions.
--
-- Columns
-- side           which trace ("actual", "expected", or the name that it was
--                connected by)
-- program        the program's name
-- family         what kind of run: python, program, log
-- started        when it began, ISO 8601; "" where unknown
-- argv           its command line
-- facts          host, versions, git state, threads, dtype, device ...
-- pixel_dims     the names of the pixel's two dims
-- selected_taps  globs that the recording was limited to
-- declares       the declared taps are all that the program can report
CREATE OR REPLACE VIEW run AS
SELECT * EXCLUDE (run_id) FROM trace_run;

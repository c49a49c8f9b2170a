-- One row a trace: how much it holds.
--
-- Columns
-- side      which trace
-- taps      how many taps; they are numbered from 0
-- elements  how many numbers and texts
-- largest   how many of them the largest tap has
-- reduced   whether a tap stands for the numbers of another (see statistics)
CREATE OR REPLACE MACRO sizes() AS TABLE
SELECT
    side, count(*) AS taps, sum(elements)::BIGINT AS elements,
    max(elements) AS largest, bool_or(family = 'statistic') AS reduced
FROM trace_tap
GROUP BY side
ORDER BY side;

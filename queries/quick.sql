-- One row a pair of large taps that meet by position: the figures of outcome,
-- read off the numbers in one pass, without a judgement of each.
--
-- Two finite floats beside each other need no more than a subtraction; see
-- judged for the rules. Numbers whose difference is not finite (a NaN, an
-- infinity) are left out and judged one by one, and so are all of a pair that
-- is not sound: its rtol is relative to vectors, and numbers differ.
--
-- Columns
-- pair             the pair of taps
-- compared         numbers whose difference is finite
-- odd              all others
-- diverged, max_abs_error, max_rel_error, max_ulps  see outcome
-- signal           largest expected number
-- worst, first     ordinals of the worst and of the first that diverged
-- worst_error      error of the worst
-- rtol_base, atol_base, least_ulps  largest relative error, error and ulps
--                  that the other bounds don't cover
-- sound            whether these figures count
CREATE OR REPLACE VIEW quick AS FROM _quick ORDER BY pair;

-- numbers that quick leaves out: of a pair that is sound, and of any
CREATE OR REPLACE MACRO _meet_odd(number, actual, expected) AS TABLE
FROM _meet_floats(number, actual, expected)
WHERE isfinite(actual_value - expected_value) IS NOT TRUE;

CREATE OR REPLACE MACRO _meet_left_out(number, actual, expected) AS TABLE
FROM _meet_floats(number, actual, expected)
WHERE isfinite(actual_value - expected_value) IS NOT TRUE OR NOT coalesce(
    (SELECT any_value(sound) FROM quick WHERE pair = number), FALSE
);

-- the first number that diverged, where it is known, and where not
CREATE OR REPLACE MACRO _meet_at(number, actual, expected, place) AS TABLE
SELECT
    number AS pair, a.ordinal AS actual_ordinal, a.event AS actual_event,
    a."float"::DOUBLE AS actual_value, NULL::HUGEINT AS actual_exact,
    e.ordinal AS expected_ordinal, e.event AS expected_event,
    e."float"::DOUBLE AS expected_value, NULL::HUGEINT AS expected_exact
FROM (FROM query_table(actual) WHERE ordinal = place::BIGINT) AS a
CROSS JOIN (FROM query_table(expected) WHERE ordinal = place::BIGINT) AS e;

CREATE OR REPLACE MACRO _meet_first(number, actual, expected) AS TABLE
FROM _meet_floats(number, actual, expected)
WHERE actual_ordinal = (
    SELECT any_value(first) FROM quick WHERE pair = number
);

-- One row a tap that diverged and a kind of error that its numbers prove.
--
-- A tap without a row has an error of no kind that is known here; one with
-- several shows all of them, but a factor or a term of another tap only where
-- the two numbers alone prove nothing. Nothing is guessed: see kind_by_value,
-- kind_by_place and kind_by_tap for what each needs.
--
-- Columns
-- tap       the tap
-- kind      "sign", "power of a fact" (4 = oversample^2: a normalisation),
--           "power of ten" (a unit), "degrees and radians", "two pi",
--           "factor", "offset", "power" (a square, a reciprocal), "zero",
--           "one number" (a default, a bound), "float32", "last bits", "sign
--           of components", "permuted components", "swapped axes", "rotated
--           axes", "reversed axis" or "axes", "shifted index", "fixed index"
--           (the first or last of a loop for all), "value of another tap",
--           or a "factor" or "term of another tap"
-- evidence  what proves it
-- numbers   how many numbers that diverged show it; where there are very many
--           a part of them was tried
-- diverged  how many diverged
CREATE OR REPLACE MACRO error_kinds() AS TABLE
SELECT p.tap, k.kind, k.evidence, k.numbers, o.diverged
FROM (
    FROM kind_by_value
    UNION ALL BY NAME FROM kind_by_place
    UNION ALL BY NAME
    FROM kind_by_tap
    WHERE kind = 'value of another tap'
        OR pair NOT IN (SELECT pair FROM kind_by_value)
) AS k
JOIN pair AS p USING (pair)
JOIN outcome AS o USING (pair)
ORDER BY p.tap_order, p.tap, p.pair, k.kind = 'last bits', k.kind, k.evidence;

-- Numbered tap 1: the problem as the program understood it.
--
-- One row a fact that decides the image, and a flag of the sampling.
--
-- Columns
-- side   which trace
-- key    the fact's name, or the flag's
-- value  the number, NULL for a text
-- text   the text, or the number as it was printed
-- unit   spelled out
SELECT side, key, value, text, unit
FROM config
WHERE decisive
UNION ALL BY NAME
SELECT side, tap AS key, value, unit
FROM element
WHERE tap IN ('oversample_thick', 'oversample_polar', 'oversample_omega')
ORDER BY side, key;

-- One row a number of the taps and pixels that were asked for, in order.
--
-- Parameters
-- tap_glob  name or glob of the taps; NULL for all
-- at_pixel  [slow, fast]; NULL for all. A number without a pixel is shown
--           beside every pixel, one of a row alone beside those of its row.
--
-- Columns
-- tap         the tap
-- slow, fast  the pixel
-- coordinate  all other dims and loop indices
-- component   the component's name or place, NULL for a scalar
-- occurrence  the n-th firing at this coordinate, from 0
-- value       the number or the text
-- unit        spelled out
-- digits      significant digits that the print format carries
CREATE OR REPLACE MACRO elements_of(
    tap_glob := NULL, at_pixel := NULL
) AS TABLE
SELECT
    tap, slow, fast, coordinate,
    coalesce(label, component::VARCHAR) AS component, occurrence,
    coalesce(text, exact::VARCHAR, value::VARCHAR) AS value, unit, digits
FROM element
WHERE (tap_glob IS NULL OR tap = tap_glob OR tap GLOB tap_glob)
    AND coalesce(slow = (at_pixel::BIGINT[])[1], true)
    AND coalesce(fast = (at_pixel::BIGINT[])[2], true)
ORDER BY side, tap_id, ordinal;

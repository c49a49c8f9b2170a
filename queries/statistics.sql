-- One row a firing of a tap that was reduced as it was recorded, or a
-- component of it: statistics of all its numbers.
--
-- They are read off the taps TAP.count, TAP.min, ... that stand for the
-- numbers; what of these is kept in full is in element.
--
-- Columns
-- side        which trace
-- tap         the tap
-- coordinate  the loop indices around the tap, name to index
-- occurrence  the n-th firing at these, from 0
-- component   the component's name or place, NULL for a scalar
-- numbers     how many
-- nan, inf, zeros  how many are NaN, infinite, 0
-- minimum, maximum  the extremes of the finite ones, as DOUBLE; TAP.min and
--             TAP.max have integers without rounding
-- mean        the mean of the finite ones
-- absolute    the mean of their absolute values
-- hash        equal for equal numbers at equal places, bit by bit
-- unit        spelled out
CREATE OR REPLACE VIEW statistics AS
WITH part AS (
    SELECT
        side, tap_id, regexp_extract(tap, '^(.*)\.(\w+)$', ['tap', 'name'])
            AS named,
        map_concat(
            coordinate,
            map_from_entries(list_filter([
                {'key': 'slow', 'value': slow},
                {'key': 'fast', 'value': fast}
            ], lambda x: x.value IS NOT NULL))
        ) AS coordinate,
        occurrence, component, label, value, text, unit
    FROM element
    WHERE family = 'statistic'
),
placed AS (
    -- a mean has the mean of absolute values beside it
    SELECT
        * EXCLUDE (named, component), named.tap AS tap,
        CASE WHEN named.name = 'mean' AND component % 2 = 1
            THEN 'absolute' ELSE named.name END AS name,
        CASE WHEN named.name = 'mean' THEN component // 2
            ELSE coalesce(component, 0) END AS place
    FROM part
)
SELECT
    side, tap, coordinate, occurrence,
    CASE WHEN max(place) OVER (PARTITION BY side, tap) > 0
        THEN coalesce(label, place::VARCHAR) END AS component,
    * EXCLUDE (side, tap, coordinate, occurrence, place, label, first)
FROM (
    SELECT
        side, tap, coordinate, occurrence, place,
        any_value(label) FILTER (name = 'count') AS label,
        min(tap_id) AS first,
        any_value(value::BIGINT) FILTER (name = 'count') AS numbers,
        any_value(value::BIGINT) FILTER (name = 'nan') AS nan,
        any_value(value::BIGINT) FILTER (name = 'inf') AS inf,
        any_value(value::BIGINT) FILTER (name = 'zeros') AS zeros,
        any_value(value) FILTER (name = 'min') AS minimum,
        any_value(value) FILTER (name = 'max') AS maximum,
        any_value(value) FILTER (name = 'mean') AS mean,
        any_value(value) FILTER (name = 'absolute') AS absolute,
        any_value(text) FILTER (name = 'hash') AS hash,
        any_value(unit) FILTER (name = 'mean') AS unit
    FROM placed
    GROUP BY side, tap, coordinate, occurrence, place
)
ORDER BY side, first, map_values(coordinate), occurrence, place;

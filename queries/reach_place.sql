-- One row a place inside a limit: where the side that may lack a number does
-- report its coordinate.
--
-- Columns
-- number  the limit
-- place   partial ordinal of the place along the limit's axes
CREATE OR REPLACE TABLE reach_place AS
WITH chosen AS (
    SELECT
        number, list_transform(axes, lambda x: {
            'axis': x, 'index': chosen[list_position(dims, x.dim)] - x.origin
        }) AS steps
    FROM (SELECT number, dims, axes, unnest(selected) AS chosen
        FROM reach_limit)
)
SELECT DISTINCT
    number,
    list_sum(list_transform(
        steps, lambda x: x.index * x.axis.stride
    ))::BIGINT AS place
FROM chosen
WHERE list_bool_and(list_transform(
    steps, lambda x: x.index >= 0 AND x.index < x.axis.extent
));

CREATE OR REPLACE MACRO _reported(limit_number) AS TABLE
SELECT place FROM reach_place WHERE number = limit_number::BIGINT;

-- places of a limit that nobody looked up
CREATE OR REPLACE MACRO _unasked(pair_number, limit_number) AS TABLE
SELECT place FROM reach_place WHERE number = limit_number::BIGINT
EXCEPT
SELECT key FROM _asked_key WHERE pair = pair_number::BIGINT;

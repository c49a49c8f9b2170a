-- What an element's ordinal would be with the index of all other dims 0.
--
-- Parameters
-- ordinal  the element's number in the grid of its tap
-- axes     the dims that count: stride, extent
CREATE OR REPLACE MACRO partial_ordinal(ordinal, axes) AS
    coalesce(list_sum(list_transform(axes, lambda x:
        ordinal // x.stride % x.extent * x.stride
    )), 0)::BIGINT;

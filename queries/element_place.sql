-- Where an element sits: dim to index, in the order of the tap's axes.
--
-- Parameters
-- ordinal  the element's number in the grid of its tap
-- axes     the grid, as tap_axes has it
CREATE OR REPLACE MACRO element_place(ordinal, axes) AS
    map_from_entries(list_transform(axes, lambda x: {
        'k': x.dim, 'v': ordinal // x.stride % x.extent + x.origin
    }));

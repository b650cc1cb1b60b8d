"""A world as data: layout, climatology, code, background errors and a model, in a folder."""

"""Pages: results told in words, tables and figures."""

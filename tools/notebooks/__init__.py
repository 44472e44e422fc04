"""The parser of the notebooks, the guards, the only writer, the copies readers open."""

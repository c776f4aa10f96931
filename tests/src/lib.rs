//! End to end. The tests stand in `it/`, the catalogue of bad inputs in `inputs/`; nothing is here.

//! Room `diagnosis`.

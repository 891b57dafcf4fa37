//! Room `quota`.

//! Room `registry`.

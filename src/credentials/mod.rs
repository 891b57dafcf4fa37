//! Room `credentials`.

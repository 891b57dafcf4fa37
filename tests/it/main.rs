//! The one test binary: the program as a user runs it.

//! The one test binary: the program as a user runs it, among the real programs it works with.
#![cfg(test)]

mod explain;
mod generated;
mod harness;
mod hostile;
mod house;
mod real_parts;
mod round_trips;

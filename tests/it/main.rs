//! The one test binary: the program as a user runs it, among the real programs it works with.
#![cfg(test)]

mod accounts;
mod explain;
mod generated;
mod harness;
mod hostile;
mod house;
mod interrupts;
mod outputs;
mod own_images;
mod real_parts;
mod registries;
mod readme;
mod round_trips;
mod runtimes;
mod tls;
mod tour;
mod sandbox;

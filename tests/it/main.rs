//! The one test binary: the program as a user runs it, among the real programs it works with.
#![cfg(test)]

mod accounts;
mod bounds;
mod credentials;
mod doctor;
mod examples;
mod explain;
mod families;
mod forecast;
mod gate;
mod gate_terminal;
mod generated;
mod harness;
mod hostile;
mod house;
mod interrupts;
mod logins;
mod monitoring;
mod one_place;
mod outputs;
mod own_images;
mod pipes;
mod readme;
mod real_parts;
mod recording;
mod registries;
mod report;
mod round_trips;
mod runtime;
mod runtimes;
mod sandbox;
mod schemas;
mod settings;
mod tls;
mod tour;
mod watch;

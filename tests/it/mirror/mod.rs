//! `mirror`: the way out of the limit, against the real tools and stand-ins of the clouds.

mod aws;
mod copy;
mod course;
mod ecr;
mod rewrite;
mod secret;
mod setup;
mod verify;

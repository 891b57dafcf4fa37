//! Image references, pure: what a person types, and the registry, repository, tag and digest that
//! it means. Apart because every room speaks of images and none of them should parse one twice.

pub mod ecr;
pub mod hub;
mod reference;

pub use reference::{Reference, ReferenceError, is_loopback, is_repository};

//! Image references and lists of them, manifests and hosts, pure: what a person types, and the registry,
//! repository, tag and digest that it means. Apart because every room speaks of images and none of them
//! should parse one twice.

pub mod ecr;
mod host;
pub mod hub;
mod list;
pub mod manifest;
mod reference;

pub use host::{is_local_host, is_loopback};
pub use list::{Images, ImagesError, Pods};
pub use reference::{Reference, ReferenceError, is_digest, is_repository};

//! One file a kind. How a kind is added is said in the module of their list, `scan/kind.rs`.

pub(super) mod ansible;
pub(super) mod azure;
pub(super) mod bake;
pub(super) mod bitbucket;
pub(super) mod ci;
pub(super) mod circleci;
pub(super) mod compose;
pub(super) mod devcontainer;
pub(super) mod dockerfile;
pub(super) mod github;
pub(super) mod gitlab;
pub(super) mod helm;
pub(super) mod helmfile;
pub(super) mod jenkins;
pub(super) mod kubernetes;
pub(super) mod kustomize;
pub(super) mod makefile;
pub(super) mod nomad;
pub(super) mod packer;
pub(super) mod quadlet;
pub(super) mod shell;
pub(super) mod skaffold;
pub(super) mod steps;
pub(super) mod terraform;
pub(super) mod testcontainers;

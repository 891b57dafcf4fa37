//! podman, which has no daemon: its store, its policy and its registries below a test's home.

use std::ffi::OsString;

use super::super::{Home, tools};

/// Lays podman's and skopeo's configuration into a home; the variables by which they find it.
/// `None`, after a word, where podman or root is missing.
///
/// The vfs driver needs neither overlay nor fuse. Registries on loopback are marked insecure, as a
/// user of such a registry does.
pub(crate) fn podman(home: &Home) -> Option<Vec<(&'static str, OsString)>> {
    tools::require("podman")?;
    if !tools::require_root() {
        return None;
    }
    let root = home.path().display();
    let storage = home.write(
        "podman/storage.conf",
        &format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{root}/podman/store\"\nrunroot = \"{root}/podman/run\"\n"),
    );
    let containers = home.write(
        "podman/containers.conf",
        &format!(
            "[engine]\nevents_logger = \"none\"\ncgroup_manager = \"cgroupfs\"\nstatic_dir = \"{root}/podman/static\"\ntmp_dir = \"{root}/podman/tmp\"\nvolume_path = \"{root}/podman/volumes\"\n"
        ),
    );
    let registries = home.write(
        "podman/registries.conf",
        "unqualified-search-registries = []\n[[registry]]\nprefix = \"127.0.0.1\"\nlocation = \"127.0.0.1\"\ninsecure = true\n",
    );
    home.write(
        "home/.config/containers/policy.json",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}",
    );
    home.write(
        "config/containers/policy.json",
        "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}",
    );
    Some(vec![
        ("CONTAINERS_STORAGE_CONF", storage.into_os_string()),
        ("CONTAINERS_CONF", containers.into_os_string()),
        ("CONTAINERS_REGISTRIES_CONF", registries.into_os_string()),
    ])
}

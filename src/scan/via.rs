//! Through which mirror an image comes, told by its name alone: the caches and copies of Docker Hub that
//! are named in the reference itself. What a machine's own configuration sends elsewhere stands in no file.

use crate::image::{Reference, hub};

/// Hosts that serve Docker Hub's images under the same paths.
const HOSTS: &[&str] = &["mirror.gcr.io"];
/// Names of path parts that people and vendors give to a cache or copy of Docker Hub.
const PARTS: &[&str] = &[
    "docker-hub",
    "dockerhub",
    "docker_hub",
    "dockerhub-proxy",
    "docker-hub-proxy",
    "dockerhub-cache",
    "docker-hub-cache",
    "docker-hub-remote",
    "dockerhub-remote",
];

/// The host of the mirror, with the part of the path that leads to Docker Hub's images.
pub(super) fn via(reference: &Reference) -> Option<String> {
    if reference.is_docker_hub() {
        return None;
    }
    let host = reference.registry();
    if HOSTS.contains(&host) {
        return Some(host.to_owned());
    }
    let parts: Vec<&str> = reference.repository().split('/').collect();
    let before_last = parts.get(..parts.len().saturating_sub(1)).unwrap_or_default();
    if host == "public.ecr.aws" && before_last.first() == Some(&"docker") {
        return Some(format!("{host}/docker"));
    }
    let end = before_last
        .iter()
        .position(|part| PARTS.contains(part) || **part == *hub::NAME)
        .or_else(|| {
            // GitLab: GROUP/dependency_proxy/containers/IMAGE.
            let proxy =
                before_last.windows(2).position(|pair| pair == ["dependency_proxy", "containers"]);
            proxy.map(|at| at + 1)
        })?;
    Some(format!("{host}/{}", before_last.get(..=end)?.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("nginx", None)]
    #[case("docker.io/docker-hub/x", None)]
    #[case("ghcr.io/a/b", None)]
    #[case("mirror.gcr.io/library/nginx:1", Some("mirror.gcr.io"))]
    #[case(
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1",
        Some("123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub")
    )]
    #[case("public.ecr.aws/docker/library/nginx", Some("public.ecr.aws/docker"))]
    #[case("public.ecr.aws/nginx/nginx", None)]
    #[case("eu-docker.pkg.dev/p/dockerhub/nginx", Some("eu-docker.pkg.dev/p/dockerhub"))]
    #[case(
        "gitlab.example/g/dependency_proxy/containers/alpine:3",
        Some("gitlab.example/g/dependency_proxy/containers")
    )]
    #[case("r.example/team/dockerhub", None)]
    fn the_name_tells_the_mirror(#[case] image: &str, #[case] mirror: Option<&str>) {
        assert_eq!(via(&image.parse().unwrap()).as_deref(), mirror, "{image}");
    }
}

//! Which tool printed a line, guessed from its manner of speaking: data, a row a manner.

/// Manners of speaking with the tool's name; the first that the line contains holds.
const MANNERS: &[(&str, &str)] = &[
    ("kubelet", "kubelet"),
    ("testcontainers", "testcontainers"),
    ("limactl", "lima"),
    ("finch vm", "finch"),
    ("colima", "colima"),
    ("nerdctl", "nerdctl"),
    ("crictl", "crictl"),
    ("skopeo", "skopeo"),
    ("Failed to pull image \"", "kubelet"),
    ("pod_workers.go", "kubelet"),
    ("kuberuntime", "kubelet"),
    ("with policy \"", "gitlab"),
    ("gitlab-runner", "gitlab"),
    ("docker_image", "terraform"),
    ("containerd[", "containerd"),
    ("buildah", "buildah"),
    ("crio[", "cri-o"),
    ("cri-o", "cri-o"),
    ("dockerjava", "docker-java"),
    ("buildkitd", "buildkit"),
    ("failed to solve", "buildkit"),
    ("[internal] load", "buildkit"),
    ("Error response from daemon", "docker"),
    ("Docker daemon", "docker"),
    ("docker daemon", "docker"),
    ("docker.sock", "docker"),
    ("docker login", "docker"),
    ("dockerd", "docker"),
    ("INSTALLATION FAILED", "helm"),
    ("FetchReference", "helm"),
    ("UPGRADE FAILED", "helm"),
    ("response status code", "oras"),
    ("Error parsing image name", "skopeo"),
    ("Error listing repository tags", "skopeo"),
    ("validate CRI v1", "crictl"),
    ("PullImage from image service failed", "crictl"),
    ("pulling image: ", "crictl"),
    ("error building image: ", "kaniko"),
    ("Retrieving image", "kaniko"),
    ("containerd socket", "nerdctl"),
    ("Podman", "podman"),
    ("podman", "podman"),
    ("unable to copy from source docker://", "podman"),
    ("Error: initializing source docker://", "podman"),
    ("initializing source docker://", "skopeo"),
    ("fetching manifest ", "crane"),
    ("Error: GET http", "crane"),
    ("Error: HEAD http", "crane"),
    ("httpReadSeeker", "containerd"),
    ("failed to resolve reference", "containerd"),
];

/// The tool that speaks in this raw line.
pub(super) fn guess(raw: &str) -> Option<&'static str> {
    if raw.starts_with("ctr: ") {
        return Some("ctr");
    }
    let tool = MANNERS.iter().find(|(manner, _)| raw.contains(manner)).map(|(_, tool)| *tool)?;
    let is_fatal = raw.starts_with("FATA[") || raw.contains("level=fatal");
    Some(if tool == "containerd" && is_fatal { "nerdctl" } else { tool })
}

//! What each runtime can do with a mirror, and how it is told: one function a runtime. The table of
//! what they cannot do follows the tools' documentation and issue threads (moby #36598 for paths,
//! distribution #1486 for logins; November 2026).

use serde::Serialize;

use super::{Setup, SetupError, SetupFile, Wanted};
use crate::hostconfig::{Address, write};
use crate::image::{hub, is_loopback};

/// Who is to ask a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// containerd: the kubelet's, and nerdctl.
    Containerd,
    /// dockerd.
    Docker,
    /// podman, skopeo and buildah.
    Podman,
    /// CRI-O.
    Crio,
    /// BuildKit in a builder of its own.
    Buildkit,
    /// k3s.
    K3s,
    /// RKE2.
    Rke2,
    /// Talos Linux.
    Talos,
    /// kind.
    Kind,
    /// minikube with docker as its runtime.
    Minikube,
}

/// Stands for what a person has to fill in.
const USER: &str = "USER";
const PASSWORD: &str = "PASSWORD";
const HOSTS_DIR: &str = "/etc/containerd/certs.d";

impl Runtime {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Containerd,
        Self::Docker,
        Self::Podman,
        Self::Crio,
        Self::Buildkit,
        Self::K3s,
        Self::Rke2,
        Self::Talos,
        Self::Kind,
        Self::Minikube,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Crio => "CRI-O",
            Self::Buildkit => "BuildKit",
            Self::K3s => "k3s",
            Self::Rke2 => "rke2",
            Self::Talos => "Talos",
            Self::Kind => "kind",
            Self::Minikube => "minikube",
        }
    }
}

/// Whether a host is Amazon ECR's: its tokens end after twelve hours.
fn is_ecr(host: &str) -> bool {
    host.contains(".dkr.ecr.") || host.contains(".dkr-ecr.")
}

/// What helps where a runtime cannot use a mirror at all.
const REWRITE: &str = "name the mirror in the images instead, or put a cache without a prefix and a login between, such as Distribution";

/// What the runtime cannot do.
pub(super) fn refuse(wanted: &Wanted, mirror: &Address) -> Result<(), SetupError> {
    let runtime = wanted.runtime;
    let no = |why: &str, advice: &str| {
        let (why, advice) = (why.to_owned(), advice.to_owned());
        Err(SetupError::Impossible { runtime: runtime.name(), why, advice })
    };
    let is_dockerd = matches!(runtime, Runtime::Docker | Runtime::Minikube);
    let ecr = is_ecr(&mirror.host);
    if is_dockerd && !mirror.prefix.is_empty() {
        return no("dockerd takes the root of a host, and no path behind it", REWRITE);
    }
    if is_dockerd && (wanted.login || ecr) {
        return no(
            "dockerd sends no login to a mirror: it is refused there, and Docker Hub is asked silently",
            REWRITE,
        );
    }
    if !wanted.falls_back && (is_dockerd || runtime == Runtime::Buildkit) {
        return no(
            "it always asks Docker Hub where the mirror fails, and nothing forbids that",
            "leave --no-fallback away, or block Docker Hub's hosts in the network",
        );
    }
    if ecr && matches!(runtime, Runtime::Containerd | Runtime::Kind) {
        return no(
            "ECR wants a login, and the kubelet has one for the host in the image's name alone: ECR refuses, and Docker Hub is asked silently",
            "name ECR in the images instead, where the kubelet's credential provider is asked; kops can do it by useECRCredentialsForMirrors",
        );
    }
    let name = mirror.host.rsplit_once(':').map_or(mirror.host.as_str(), |(name, _)| name);
    if matches!(runtime, Runtime::Kind | Runtime::Minikube) && is_loopback(name) {
        return no(
            "the node is a machine of its own: there, this address is the node itself",
            "give the mirror an address that the node reaches, such as that of the host in its network",
        );
    }
    Ok(())
}

/// What is to be done, where it can be.
pub(super) fn setup(wanted: &Wanted, mirror: &Address) -> Setup {
    let mut setup = Setup {
        schema: "dhlimit/mirror-setup/1",
        runtime: wanted.runtime,
        mirror: mirror.location(),
        falls_back: wanted.falls_back,
        files: Vec::new(),
        commands: Vec::new(),
        notes: Vec::new(),
    };
    let login = wanted.login || is_ecr(&mirror.host);
    match wanted.runtime {
        Runtime::Containerd => containerd(&mut setup, wanted, mirror),
        Runtime::Docker => docker(&mut setup, mirror),
        Runtime::Podman | Runtime::Crio => podman(&mut setup, mirror, login),
        Runtime::Buildkit => buildkit(&mut setup, mirror, login),
        Runtime::K3s => rancher(&mut setup, mirror, "k3s", login),
        Runtime::Rke2 => rancher(&mut setup, mirror, "rke2", login),
        Runtime::Talos => talos(&mut setup, mirror, login),
        Runtime::Kind => kind(&mut setup, wanted, mirror),
        Runtime::Minikube => {
            setup.commands.push(format!("minikube start --registry-mirror={}", mirror.root()));
            setup.note("This works with docker as minikube's container runtime, and only when the node is made: run minikube delete first.");
        }
    }
    if login {
        setup.note("The login is the mirror's, not Docker Hub's.");
        if is_ecr(&mirror.host) {
            setup.note("ECR's password (aws ecr get-login-password) ends after 12 hours: renew it by a timer, or pulls go to Docker Hub silently.");
        }
    }
    if setup.falls_back {
        setup.note("Where the mirror fails, Docker Hub is asked silently and counts the pull. dhlimit doctor shows whether the mirror answers.");
    }
    setup
}

impl Setup {
    fn file(&mut self, path: impl Into<String>, content: String) {
        self.files.push(SetupFile { path: path.into(), content });
    }

    fn run(&mut self, command: &str) {
        self.commands.push(command.to_owned());
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}

fn hosts(wanted: &Wanted, mirror: &Address) -> String {
    let header = wanted.login.then_some("Basic BASE64");
    write::hosts_toml(mirror, wanted.falls_back, header)
}

fn containerd(setup: &mut Setup, wanted: &Wanted, mirror: &Address) {
    setup.file(format!("{HOSTS_DIR}/{}/hosts.toml", hub::NAME), hosts(wanted, mirror));
    setup.file("/etc/containerd/config.toml", write::config_path(HOSTS_DIR));
    setup.run("sudo systemctl restart containerd");
    setup.note("config.toml: add config_path to the registry section that is there; the restart is for that alone, hosts.toml is read at each pull. nerdctl needs hosts.toml only.");
    setup.note("`mirrors` in config.toml and config_path exclude each other: take `mirrors` out.");
    if wanted.login {
        setup.note(
            "BASE64: printf '%s' USER:PASSWORD | base64 -w0. Make the file readable by root alone.",
        );
    }
}

fn docker(setup: &mut Setup, mirror: &Address) {
    setup.file("/etc/docker/daemon.json", write::daemon_json(mirror));
    setup.run("sudo systemctl reload docker");
    setup.run("docker info --format '{{.RegistryConfig.Mirrors}}'");
    setup.note("Where daemon.json is there already, add the key to it. Without root the file is ~/.config/docker/daemon.json (systemctl --user restart docker).");
    setup.note(
        "A builder of docker buildx in a container does not read it: see mirror setup buildkit.",
    );
}

fn podman(setup: &mut Setup, mirror: &Address, login: bool) {
    let content = write::registries_conf(mirror, setup.falls_back);
    setup.file("/etc/containers/registries.conf.d/50-docker-hub-mirror.conf", content);
    let is_crio = setup.runtime == Runtime::Crio;
    if is_crio {
        setup.run("sudo systemctl reload crio");
    }
    if login && is_crio {
        setup.note("CRI-O takes the mirror's login from global_auth_file in crio.conf, or from the pod's pull secret under the mirror's host.");
    } else if login {
        setup.commands.push(format!("podman login {}", mirror.host));
    }
    if !is_crio {
        setup.note("podman, skopeo and buildah read it at each pull. A registries.conf in ~/.config/containers stands for all of /etc/containers: then write it there.");
    }
}

fn buildkit(setup: &mut Setup, mirror: &Address, login: bool) {
    let path = "/etc/buildkit/buildkitd.toml";
    setup.file(path, write::buildkitd_toml(mirror));
    setup.run("sudo systemctl restart buildkit");
    setup.commands.push(format!("docker buildx create --use --buildkitd-config {path}"));
    if login {
        setup.commands.push(format!("docker login {}", mirror.host));
    }
    setup.note("The restart is for a buildkitd of your own; a builder of docker buildx is made anew with the file. Without root the file is ~/.config/buildkit/buildkitd.toml.");
}

fn rancher(setup: &mut Setup, mirror: &Address, tool: &str, login: bool) {
    let login = login.then_some((USER, PASSWORD));
    setup.file(
        format!("/etc/rancher/{tool}/registries.yaml"),
        write::registries_yaml(mirror, login),
    );
    if !setup.falls_back {
        let content = "disable-default-registry-endpoint: true\n".to_owned();
        setup.file(format!("/etc/rancher/{tool}/config.yaml"), content);
    }
    let (server, agent) = match tool {
        "k3s" => ("k3s", "k3s-agent"),
        _ => ("rke2-server", "rke2-agent"),
    };
    setup.commands.push(format!("sudo systemctl restart {server}"));
    setup.commands.push(format!("sudo systemctl restart {agent}"));
    setup.note(
        "The files belong on every node; the first restart is for servers, the second for agents.",
    );
}

fn talos(setup: &mut Setup, mirror: &Address, login: bool) {
    let login = login.then_some((USER, PASSWORD));
    let content = write::talos_yaml(mirror, setup.falls_back, login);
    setup.file("docker-hub-mirror.yaml", content);
    setup.run("talosctl patch machineconfig --patch @docker-hub-mirror.yaml --nodes NODE");
    setup.note("Talos 1.12 and later; older ones have machine.registries.mirrors in their configuration. Nothing is restarted.");
}

fn kind(setup: &mut Setup, wanted: &Wanted, mirror: &Address) {
    setup.file(format!("certs.d/{}/hosts.toml", hub::NAME), hosts(wanted, mirror));
    setup.file("kind.yaml", write::kind_yaml("./certs.d"));
    setup.run("kind create cluster --config kind.yaml");
    setup.note("Mounts are made with the cluster: one that is there has to be deleted first. Every node needs the mount.");
}

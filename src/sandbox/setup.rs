//! What makes a runtime take the sandbox for docker.io, as lines for a shell: after the project's
//! notes on runtimes (November 2026), each tried on the real one.

use std::path::Path;

use crate::cli::SetupFor;

/// Set for the command of `dhlimit sandbox -- COMMAND`: what it asks for docker.io is asked of a
/// sandbox, which is not to see the logins of this machine. Who is named by `--user` is asked as all
/// the same.
pub const IN_SANDBOX: &str = "DHLIMIT_IN_SANDBOX";

/// What makes dhlimit ask the sandbox at `url` for docker.io, and as nobody whom it does not know.
pub fn variables(url: &str) -> [(&'static str, String); 3] {
    [
        ("DHLIMIT_REGISTRY_URL", url.to_owned()),
        ("DHLIMIT_AUTH_URL", url.to_owned()),
        (IN_SANDBOX, "1".to_owned()),
    ]
}

/// Lines for a runtime.
pub(crate) fn lines(runtime: SetupFor, url: &str, ca: Option<&Path>) -> String {
    match runtime {
        SetupFor::Nerdctl => for_nerdctl(url, ca),
        SetupFor::Docker => for_docker(url, ca),
        SetupFor::Podman => for_podman(url, ca),
        SetupFor::Containerd => for_containerd(url, ca),
    }
}

/// Lines for nerdctl: a hosts folder of its own.
pub fn for_nerdctl(url: &str, ca: Option<&Path>) -> String {
    format!(
        "{}nerdctl --hosts-dir \"$PWD/dhlimit-hosts\" pull docker.io/library/nginx:latest\n",
        hosts_folder(url, ca)
    )
}

/// Lines for containerd: `ctr`, and what Kubernetes needs.
pub fn for_containerd(url: &str, ca: Option<&Path>) -> String {
    format!(
        "{}ctr images pull --hosts-dir \"$PWD/dhlimit-hosts\" docker.io/library/nginx:latest\n\
         # For Kubernetes, copy the folder to the config_path of containerd's configuration:\n\
         # cp -r dhlimit-hosts/docker.io /etc/containerd/certs.d/\n",
        hosts_folder(url, ca)
    )
}

/// Lines for Docker Engine.
pub fn for_docker(url: &str, ca: Option<&Path>) -> String {
    let host = host_of(url);
    let trust = match ca {
        Some(ca) => {
            format!(
                "mkdir -p '/etc/docker/certs.d/{host}'\ncp {} '/etc/docker/certs.d/{host}/ca.crt'\n",
                quoted(ca)
            )
        }
        None if is_loopback(host) => String::new(),
        None => format!(
            "# In /etc/docker/daemon.json, then restart the daemon:\n#   {{\"insecure-registries\": [\"{host}\"]}}\n"
        ),
    };
    format!(
        "{trust}docker pull {host}/library/nginx:latest\n\
         # Under the name docker.io, by a mirror in /etc/docker/daemon.json:\n\
         #   {{\"registry-mirrors\": [\"{url}\"]}}\n\
         # But Docker goes on to the real Docker Hub when its mirror answers 429, in silence.\n"
    )
}

/// Lines for podman and skopeo: a registries file of its own.
pub fn for_podman(url: &str, ca: Option<&Path>) -> String {
    let host = host_of(url);
    let (insecure, trust) = match ca {
        Some(ca) => (
            false,
            format!(
                "mkdir -p dhlimit-certs/{host} && cp {} dhlimit-certs/{host}/ca.crt\n",
                quoted(ca)
            ),
        ),
        None => (true, String::new()),
    };
    let option = if ca.is_some() {
        format!(" --cert-dir \"$PWD/dhlimit-certs/{host}\"")
    } else {
        String::new()
    };
    format!(
        "{trust}cat > dhlimit-registries.conf <<'EOF'\n\
         [[registry]]\n\
         prefix = \"docker.io\"\n\
         location = \"{host}\"\n\
         insecure = {insecure}\n\
         EOF\n\
         export CONTAINERS_REGISTRIES_CONF=\"$PWD/dhlimit-registries.conf\"\n\
         podman pull{option} docker.io/library/nginx:latest\n\
         # skopeo: skopeo --registries-conf dhlimit-registries.conf copy docker://docker.io/library/nginx:latest dir:nginx\n"
    )
}

/// A folder as containerd reads it. The server alone is not enough: containerd 1.7 then goes to the
/// real Docker Hub.
fn hosts_folder(url: &str, ca: Option<&Path>) -> String {
    let trust = ca.map(|ca| format!("  ca = \"{}\"\n", ca.display())).unwrap_or_default();
    format!(
        "mkdir -p dhlimit-hosts/docker.io\n\
         cat > dhlimit-hosts/docker.io/hosts.toml <<'EOF'\n\
         server = \"{url}\"\n\
         \n\
         [host.\"{url}\"]\n  capabilities = [\"pull\", \"resolve\"]\n{trust}EOF\n"
    )
}

fn host_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    crate::image::is_loopback(name)
}

/// A path between quotation marks that a shell reads as it is.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_names_the_server_and_its_table() {
        let lines = for_nerdctl("http://127.0.0.1:5000", None);
        let file = lines.split("<<'EOF'\n").nth(1).unwrap().split("EOF\n").next().unwrap();
        let read: toml::Table = file.parse().unwrap();
        assert_eq!(read["server"].as_str(), Some("http://127.0.0.1:5000"));
        let host = &read["host"]["http://127.0.0.1:5000"];
        assert_eq!(host["capabilities"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_registries_file_points_docker_io_at_the_sandbox() {
        let lines = for_podman("http://127.0.0.1:5000", None);
        let file = lines.split("<<'EOF'\n").nth(1).unwrap().split("EOF\n").next().unwrap();
        let read: toml::Table = file.parse().unwrap();
        assert_eq!(read["registry"][0]["location"].as_str(), Some("127.0.0.1:5000"));
        assert_eq!(read["registry"][0]["insecure"].as_bool(), Some(true));
    }

    #[test]
    fn trust_is_set_up_where_it_is_needed() {
        let ca = Path::new("/tmp/it's.pem");
        assert!(for_docker("https://127.0.0.1:5000", Some(ca)).contains(r"cp '/tmp/it'\''s.pem'"));
        assert!(for_docker("http://192.0.2.1:5000", None).contains("insecure-registries"));
        assert!(!for_docker("http://[::1]:5000", None).contains("insecure-registries"));
        assert!(for_containerd("https://127.0.0.1:5000", Some(ca)).contains("ca = "));
    }
}

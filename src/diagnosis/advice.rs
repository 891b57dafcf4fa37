//! From a class to the next step. Apart from the classes so that messages stay short and advice can
//! be shown on a line of its own.

use super::class::Class;

/// What to do about a failure of this class that was told in these words: one or two sentences.
pub fn advice(class: Class, said: &str) -> &'static str {
    match class {
        // The wording names an account where an account was counted.
        Class::PullLimit if said.contains("pull rate limit as '") => {
            "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             The account's own quota is used up: pull less often, through a cache such as an Amazon ECR pull-through cache rule or Harbor, or with a paid account."
        }
        Class::PullLimit => {
            "`dhlimit check` shows how much is left for whom, and the window: the count is full again at the latest one window after the last pull. \
             Log in for a quota of your own (`docker login`; the key in config.json is https://index.docker.io/v1/), or pull through a cache such as an Amazon ECR pull-through cache rule, mirror.gcr.io or Harbor."
        }
        Class::OverallLimit => {
            "This is the limit on all requests from your address, not the pull limit: logging in does not help. Stop retrying for a minute or more, \
             then ask less often and with fewer requests at once; look for a script or cache that asks in a loop, or for others behind the same address."
        }
        Class::LoginLimit => {
            "Docker Hub's token service is refusing logins from here: stop every retry and wait 10 to 15 minutes. \
             Then find what logs in too often or with a wrong password, and log in once per machine instead of once per job."
        }
        Class::OtherRegistryLimit => {
            "This limit belongs to another registry, mirror or cache, not to Docker Hub's pull count: slow down or pull fewer images at once, \
             log in there if you have not, and see that registry's own quotas."
        }
        Class::LimitUnspecified => {
            "Docker Hub said 429 without saying which limit. Run `dhlimit check`: 0 remaining means the pull limit; anything left means the overall limit, \
             for which it helps to stop retrying for a minute."
        }
        Class::Credentials => {
            "Log in again: `docker login` for Docker Hub (the key in config.json must be https://index.docker.io/v1/), with an access token where two-factor login is on; \
             for Amazon ECR renew the 12-hour token with `aws ecr get-login-password`."
        }
        Class::Denied => {
            "Check the name for a typing error: a registry says the same of a private image and of one that does not exist. \
             If it is private, log in with an account that may read it. Behind an ECR pull-through cache, official images need `library/` in their name."
        }
        Class::NotFound => {
            "Check the tag and the platform: the repository has no such tag, digest or architecture. Tags can be deleted; pin a digest where that hurts."
        }
        Class::Network if said.to_ascii_lowercase().contains("proxy auth") => {
            "A proxy on the way to the registry wants a login of its own; logging in to the registry does not help. Put user and password into HTTPS_PROXY (http://USER:PASSWORD@PROXY:PORT) \
             where the runtime reads it (dockerd's or containerd's own environment, not your shell's), or list the registry in NO_PROXY if it can be reached without."
        }
        Class::Network => {
            "The registry was not reached: check name resolution, proxy (HTTPS_PROXY, NO_PROXY), firewall and certificates; for Docker Hub both registry-1.docker.io and auth.docker.io \
             must be reachable on port 443. `dhlimit check` asks both without a runtime."
        }
        Class::Server => {
            "The registry itself failed: wait and try again a few times with pauses; see the registry's status page. Failed pulls before this one may have counted."
        }
        Class::DiskFull => {
            "Free space where images are stored (`docker system df`, `docker image prune`, `nerdctl image prune`, `crictl rmi --prune`), or move the store to a bigger disk."
        }
        Class::RuntimeDown => {
            "Start the container runtime (`systemctl start docker` or `containerd`, `limactl start`, `podman machine start`), and see that this user may open its socket and that DOCKER_HOST or CONTAINERD_ADDRESS is right."
        }
        Class::Blocked => {
            "The answer came from a block, not from a limit: Docker refuses addresses of some countries, and company proxies refuse sites. Pull from another network, or through a mirror or cache that may."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_advice_of_its_own() {
        let advices: std::collections::BTreeSet<&str> =
            Class::ALL.into_iter().map(|class| advice(class, "")).collect();
        assert_eq!(advices.len(), Class::ALL.len());
    }
}

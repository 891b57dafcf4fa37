//! Proxies that systemd gives to daemons: `Environment=` in the drop-ins of their units. Pure. Follows
//! systemd.exec(5) (v257, 2025) as far as Docker's and containerd's documentation use it.

use super::{Machine, Proxies, Registry, Sight};

/// The proxies of one unit file or drop-in.
pub(crate) fn parse(text: &str) -> Proxies {
    let mut proxies = Proxies::default();
    for line in text.lines() {
        let Some(rest) = line
            .trim_start()
            .strip_prefix("Environment")
            .and_then(|rest| rest.trim_start().strip_prefix('='))
        else {
            continue;
        };
        for assignment in assignments(rest) {
            let Some((name, value)) = assignment.split_once('=') else { continue };
            let value = Some(value.to_owned()).filter(|value| !value.is_empty());
            match name.to_ascii_uppercase().as_str() {
                "HTTP_PROXY" => proxies.http = value,
                "HTTPS_PROXY" => proxies.https = value,
                "NO_PROXY" => proxies.no = value,
                _ => {}
            }
        }
    }
    proxies
}

/// The assignments of a line, quotes taken off.
fn assignments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, _) if character.is_whitespace() => found.push(std::mem::take(&mut word)),
            _ => word.push(character),
        }
    }
    found.push(word);
    found.retain(|word| !word.is_empty());
    found
}

/// The daemons whose units are looked at, by what they are called and by their unit.
const DAEMONS: [(&str, &str); 4] =
    [("docker", "docker"), ("containerd", "containerd"), ("podman", "podman"), ("CRI-O", "crio")];

/// What the drop-ins of their units say.
pub(super) fn look(machine: &Machine, _: &[Registry], sights: &mut Vec<Sight>) {
    for (tool, unit) in DAEMONS {
        let folders = [
            format!("/etc/systemd/system/{unit}.service.d"),
            format!("/run/systemd/system/{unit}.service.d"),
        ];
        for file in folders.iter().flat_map(|folder| Machine::files(&machine.at(folder), ".conf")) {
            let proxies =
                machine.read(tool, &file, sights).map(|text| parse(&text)).unwrap_or_default();
            if proxies.http.is_some() || proxies.https.is_some() {
                sights.push(Sight::Proxies { tool, file: machine.shown(&file), proxies });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_way_of_writing_a_proxy_is_read() {
        let rows = [
            (
                "[Service]\nEnvironment=\"HTTPS_PROXY=http://proxy:3128\" \"NO_PROXY=localhost,.corp\"\n",
                Some("http://proxy:3128"),
                Some("localhost,.corp"),
            ),
            (
                "Environment=https_proxy=http://proxy:3128\nEnvironment='NO_PROXY=a b'\n",
                Some("http://proxy:3128"),
                Some("a b"),
            ),
            (
                "#Environment=HTTPS_PROXY=x\nEnvironmentFile=/x\nExecStart=HTTPS_PROXY=y\n",
                None,
                None,
            ),
            ("Environment=HTTPS_PROXY=x\nEnvironment=HTTPS_PROXY=\n", None, None),
        ];
        for (text, https, no) in rows {
            let proxies = parse(text);
            assert_eq!((proxies.https.as_deref(), proxies.no.as_deref()), (https, no), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&format!("Environment={text}"));
        }
    }
}

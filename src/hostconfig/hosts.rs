//! containerd's `hosts.toml`, a folder a registry: whom it asks in a registry's place. Pure; read by
//! `doctor`, for what it hides or spends, and by `stress`, which must know where a pull goes. Follows
//! containerd's `docs/hosts.md` (v2.1, 2025).

use toml::{Table, Value};

/// What a `hosts.toml` says of one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hosts {
    /// Whom to ask last, in the place of the registry itself.
    pub(crate) server: Option<String>,
    /// Whom to ask before, as far as they may be pulled from.
    pub(crate) hosts: Vec<String>,
}

impl From<&Table> for Hosts {
    /// Hosts that may only be pushed to are left out.
    fn from(table: &Table) -> Self {
        let server = table
            .get("server")
            .and_then(Value::as_str)
            .filter(|server| !server.is_empty())
            .map(str::to_owned);
        let pulls = |host: &Value| {
            let capabilities = strings(host.get("capabilities"));
            capabilities.is_empty()
                || capabilities
                    .iter()
                    .any(|one| matches!(one.to_ascii_lowercase().as_str(), "pull" | "resolve"))
        };
        let hosts = table.get("host").and_then(Value::as_table).into_iter().flatten();
        Self {
            server,
            hosts: hosts.filter(|(_, host)| pulls(host)).map(|(url, _)| url.clone()).collect(),
        }
    }
}

/// The names of the folder of a registry, in the order in which containerd looks for them.
pub(crate) fn folders_of(registry: &str) -> Vec<String> {
    let spelled = registry.rsplit_once(':').map(|(host, port)| format!("{host}_{port}_"));
    spelled.into_iter().chain([registry.to_owned(), "_default".to_owned()]).collect()
}

/// The strings of a list; none where it is no list.
pub(crate) fn strings(value: Option<&Value>) -> Vec<String> {
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    many.map(str::to_owned).collect()
}

//! What configuration can say of a registry: the one value that [`super::look`] ends in and that
//! `doctor` judges.

/// Proxies, as a file or the environment has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// For plain HTTP.
    pub http: Option<String>,
    /// For HTTPS.
    pub https: Option<String>,
    /// Hosts that are asked without.
    pub no: Option<String>,
}

/// One thing that configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Others are asked for a registry's images.
    Mirrors {
        /// Who does so.
        tool: &'static str,
        /// For which registry.
        registry: String,
        /// By which file.
        file: String,
        /// URLs, in no order.
        mirrors: Vec<String>,
        /// Whether the registry itself is asked where they fail.
        falls_back: bool,
    },
    /// Nothing may be pulled from a registry.
    Blocked {
        /// Who refuses.
        tool: &'static str,
        /// The registry.
        registry: String,
        /// By which file.
        file: String,
    },
    /// A registry is spoken to without TLS.
    Insecure {
        /// Who does so.
        tool: &'static str,
        /// The registry.
        registry: String,
        /// By which file.
        file: String,
    },
    /// A daemon asks through proxies.
    Proxies {
        /// Who does so.
        tool: &'static str,
        /// By which file.
        file: String,
        /// Which.
        proxies: Proxies,
    },
    /// A login stands in a runtime's configuration.
    Login {
        /// Whose.
        tool: &'static str,
        /// By which file.
        file: String,
        /// The registry's key.
        key: String,
    },
    /// A file that is there and is of no use.
    Unusable {
        /// Whose.
        tool: &'static str,
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something that is there and that nobody reads.
    Unread {
        /// Whose.
        tool: &'static str,
        /// The file or folder.
        file: String,
        /// What, and why nobody reads it.
        what: String,
        /// What to do.
        advice: String,
    },
}

impl Sight {
    /// Whose configuration it is.
    pub(crate) fn tool(&self) -> &'static str {
        match self {
            Self::Mirrors { tool, .. }
            | Self::Blocked { tool, .. }
            | Self::Insecure { tool, .. }
            | Self::Proxies { tool, .. }
            | Self::Login { tool, .. }
            | Self::Unusable { tool, .. }
            | Self::Unread { tool, .. } => tool,
        }
    }
}

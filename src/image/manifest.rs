//! A manifest as it came: its digest, proved by its bytes, and the platforms that an index names.
//! Follows the OCI image specification 1.1 (2024).

use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `sha256:` and what its bytes give.
    pub digest: String,
    /// The manifests of an index; none where it is a manifest itself.
    pub entries: Vec<Entry>,
    /// What the configuration is called; `None` of an index.
    pub config: Option<String>,
    /// What its layers are called; none of an index.
    pub layers: Vec<String>,
}

/// One manifest of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its digest.
    pub digest: String,
    /// `os/architecture[/variant]`; `None` of what is no image, such as an attestation.
    pub platform: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    manifests: Vec<ReadEntry>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

#[derive(Deserialize)]
struct ReadEntry {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

impl Platform {
    fn name(self) -> Option<String> {
        if self.os.is_empty() || self.os == "unknown" {
            return None;
        }
        let variant = self.variant.filter(|variant| !variant.is_empty());
        let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
        Some(crate::text::one_line(&format!("{}/{}{variant}", self.os, self.architecture), 80))
    }
}

impl Manifest {
    /// Reads one; `None` where the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let read: Read = serde_json::from_str(text).ok()?;
        if read.manifests.is_empty() && read.config.is_none() {
            return None;
        }
        let entries = read.manifests.into_iter().map(|entry| Entry {
            digest: entry.digest,
            platform: entry.platform.and_then(Platform::name),
        });
        let hex: String =
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Self {
            digest: format!("sha256:{hex}"),
            entries: entries.collect(),
            config: read.config.map(|config| config.digest),
            layers: read.layers.into_iter().map(|layer| layer.digest).collect(),
        })
    }

    /// The platforms of an index, in its order.
    pub fn platforms(&self) -> Vec<String> {
        self.entries.iter().filter_map(|entry| entry.platform.clone()).collect()
    }
}

/// Whether an index's platform is the one that was asked for: a variant goes without saying.
pub fn fits(platform: &str, wanted: &str) -> bool {
    platform == wanted
        || platform.strip_prefix(wanted).is_some_and(|variant| variant.starts_with('/'))
}

/// This machine's platform, as containers have it.
pub fn native() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("linux/{architecture}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_names_its_platforms_and_no_attestations() {
        let text = r#"{"manifests":[{"digest":"sha256:a","platform":{"os":"linux","architecture":"arm","variant":"v7"}},
            {"digest":"sha256:b","platform":{"os":"unknown","architecture":"unknown"}},{"digest":"sha256:c"}]}"#;
        let index = Manifest::parse(text).unwrap();
        assert_eq!(index.platforms(), ["linux/arm/v7"]);
        assert_eq!(index.entries.len(), 3);
        assert!(fits("linux/arm/v7", "linux/arm") && !fits("linux/arm64", "linux/arm"));
        let empty = "{}";
        assert!(Manifest::parse(empty).is_none() && Manifest::parse("<html>").is_none());
        // The digest of no bytes but these.
        let one = Manifest::parse(r#"{"config":{"digest":"sha256:x"}}"#).unwrap();
        assert_eq!(one.digest.len(), 71);
    }
}

//! Images out of nothing: every repository and tag is a small OCI image index for linux/amd64 and
//! linux/arm64, each with a configuration and one layer holding one file. Derived from the two
//! names alone, so that every sandbox serves the same bytes. Follows the OCI image specification
//! 1.1 (February 2024).

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::HeaderValue;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// Fixed, so that the bytes are.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// SHA-256 of some content.
pub(super) type Digest = [u8; 32];

/// Which content of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The image index.
    Index,
    /// The manifest of the platform at this place.
    Manifest(usize),
    /// Its configuration.
    Config(usize),
    /// Its layer.
    Layer(usize),
}

/// Some bytes with their digest.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) digest: Digest,
    /// `sha256:…`, as it stands in headers.
    pub(super) named: HeaderValue,
}

/// One image: an index and its platforms.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) repository: Box<str>,
    index: Content,
    platforms: [Platform; 2],
}

#[derive(Debug)]
struct Platform {
    manifest: Content,
    config: Content,
    layer: Content,
}

impl Image {
    /// The image of a repository and tag.
    ///
    /// # Errors
    /// Those of writing to memory, which are none in practice.
    pub(super) fn make(repository: &str, tag: &str) -> io::Result<Self> {
        let platforms =
            [Platform::make(repository, tag, "amd64")?, Platform::make(repository, tag, "arm64")?];
        let [amd64, arm64] = &platforms;
        let entry = |platform: &Platform, platform_json: Value| {
            let mut descriptor = platform.manifest.descriptor(MANIFEST_TYPE);
            if let Some(fields) = descriptor.as_object_mut() {
                fields.insert("platform".to_owned(), platform_json);
            }
            descriptor
        };
        let index = Content::of_json(&json!({
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [
                entry(amd64, json!({"architecture": "amd64", "os": "linux"})),
                entry(arm64, json!({"architecture": "arm64", "os": "linux", "variant": "v8"})),
            ],
        }));
        Ok(Self { repository: repository.into(), index, platforms })
    }

    /// The content of a part.
    pub(super) fn content(&self, part: Part) -> &Content {
        let [amd64, arm64] = &self.platforms;
        let platform = |place: usize| if place == 0 { amd64 } else { arm64 };
        match part {
            Part::Index => &self.index,
            Part::Manifest(place) => &platform(place).manifest,
            Part::Config(place) => &platform(place).config,
            Part::Layer(place) => &platform(place).layer,
        }
    }

    /// What the image is counted as: part of its index's digest.
    pub(super) fn id(&self) -> u64 {
        self.index.digest.iter().take(8).fold(0, |id, byte| (id << 8) | u64::from(*byte))
    }

    /// Every part.
    pub(super) const PARTS: [Part; 7] = [
        Part::Index,
        Part::Manifest(0),
        Part::Manifest(1),
        Part::Config(0),
        Part::Config(1),
        Part::Layer(0),
        Part::Layer(1),
    ];
}

impl Part {
    /// What it is, for `Content-Type`.
    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Index => INDEX_TYPE,
            Self::Manifest(_) => MANIFEST_TYPE,
            Self::Config(_) | Self::Layer(_) => "application/octet-stream",
        }
    }

    /// Whether it is asked for under `manifests/`, and not under `blobs/`.
    pub(super) const fn is_manifest(self) -> bool {
        matches!(self, Self::Index | Self::Manifest(_))
    }
}

impl Platform {
    fn make(repository: &str, tag: &str, architecture: &str) -> io::Result<Self> {
        let text = format!(
            "This is {repository}:{tag} for linux/{architecture}, made up by the sandbox of dhlimit.\n"
        );
        let tar = tar_of("dhlimit-sandbox.txt", text.as_bytes())?;
        // A gzip header without time and with "unknown" for the operating system: the same bytes everywhere.
        let mut gzip =
            GzBuilder::new().operating_system(255).write(Vec::new(), Compression::new(6));
        gzip.write_all(&tar)?;
        let layer = Content::of(gzip.finish()?);
        let config = Content::of_json(&json!({
            "created": CREATED,
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["/dhlimit-sandbox.txt"]},
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&Sha256::digest(&tar)))]},
            "history": [{"created": CREATED, "created_by": "dhlimit sandbox"}],
        }));
        let manifest = Content::of_json(&json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": config.descriptor(CONFIG_TYPE),
            "layers": [layer.descriptor(LAYER_TYPE)],
        }));
        Ok(Self { manifest, config, layer })
    }
}

impl Content {
    fn of(bytes: Vec<u8>) -> Self {
        let digest: Digest = Sha256::digest(&bytes).into();
        // Hexadecimal digits are always a header value; the fallback is never taken.
        let named = HeaderValue::try_from(format!("sha256:{}", hex(&digest)))
            .unwrap_or(HeaderValue::from_static("sha256:"));
        Self { bytes: bytes.into(), digest, named }
    }

    fn of_json(value: &Value) -> Self {
        Self::of(value.to_string().into_bytes())
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", hex(&self.digest)), "size": self.bytes.len()})
    }
}

fn tar_of(name: &str, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(u64::try_from(text.len()).unwrap_or_default());
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, name, text)?;
    tar.into_inner()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}

/// The digest that a reference such as `sha256:…` names; `None` for any other algorithm or form.
pub(super) fn parse_digest(text: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:")?.as_bytes();
    let mut digest = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    for (byte, pair) in digest.iter_mut().zip(hex.as_chunks::<2>().0) {
        let [high, low] = *pair;
        *byte = nibble(high)? << 4 | nibble(low)?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_same_names_make_the_same_image_and_other_names_another() {
        let digest = |repository: &str, tag: &str| {
            Image::make(repository, tag).unwrap().content(Part::Index).digest
        };
        assert_eq!(digest("library/nginx", "latest"), digest("library/nginx", "latest"));
        assert_ne!(digest("library/nginx", "latest"), digest("library/nginx", "1.27"));
        assert_ne!(digest("library/nginx", "latest"), digest("library/redis", "latest"));
    }

    #[test]
    fn an_image_hangs_together_from_the_index_to_the_file() {
        let image = Image::make("library/nginx", "1.27").unwrap();
        let read =
            |part: Part| serde_json::from_slice::<Value>(&image.content(part).bytes).unwrap();
        let matches = |descriptor: &Value, part: Part| {
            let content = image.content(part);
            assert_eq!(descriptor["digest"], content.named.to_str().unwrap());
            assert_eq!(descriptor["size"], content.bytes.len());
            assert_eq!(
                parse_digest(descriptor["digest"].as_str().unwrap()),
                Some(Sha256::digest(&content.bytes).into())
            );
        };
        for (place, architecture) in ["amd64", "arm64"].iter().enumerate() {
            let entry = &read(Part::Index)["manifests"][place];
            matches(entry, Part::Manifest(place));
            assert_eq!(entry["platform"]["architecture"], *architecture);
            let manifest = read(Part::Manifest(place));
            matches(&manifest["config"], Part::Config(place));
            matches(&manifest["layers"][0], Part::Layer(place));
            let config = read(Part::Config(place));
            assert_eq!(config["architecture"], *architecture);
            let mut tar = Vec::new();
            flate2::read::GzDecoder::new(&image.content(Part::Layer(place)).bytes[..])
                .read_to_end(&mut tar)
                .unwrap();
            assert_eq!(
                config["rootfs"]["diff_ids"][0],
                format!("sha256:{}", hex(&Sha256::digest(&tar)))
            );
            let mut archive = tar::Archive::new(&tar[..]);
            let mut text = String::new();
            archive.entries().unwrap().next().unwrap().unwrap().read_to_string(&mut text).unwrap();
            assert!(text.contains("library/nginx:1.27") && text.contains(architecture), "{text}");
        }
    }

    #[test]
    fn only_a_sha256_digest_is_one() {
        let good = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(parse_digest(&good), Some([15; 32]));
        for bad in [
            "",
            "sha256:",
            "sha256:0f",
            "latest",
            "sha512:00",
            &good.to_uppercase(),
            &good.replace("0f", "0g"),
            &format!("{good}0"),
        ] {
            assert_eq!(parse_digest(bad), None, "{bad}");
        }
    }
}

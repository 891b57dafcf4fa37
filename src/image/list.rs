//! A list of images, one a line, or the JSON of `scan`: each image once, in the order of the list. What a
//! scan says is never pulled (what a build makes, a service that must not be pulled) is none of them.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Reference;

/// The distinct images found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    all: Vec<Reference>,
    names: BTreeSet<String>,
}

/// Text that names no images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImagesError {
    /// Not a reference.
    #[error("line {line}: `{text}` is no image: {why}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// JSON of something else.
    #[error("the JSON is not what `dhlimit scan -o json` writes (schema dhlimit/scan/1): {0}")]
    Json(String),
}

/// The part of a scan that is of interest here.
#[derive(Deserialize)]
struct Scan {
    schema: String,
    references: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    image: Option<String>,
    /// 0 for what is named and never pulled.
    pulls: Option<u64>,
}

impl Images {
    /// The images of a list or of a scan.
    ///
    /// ```
    /// use dhlimit::image::Images;
    /// let images = Images::parse("nginx:1.27\n\n# twice\ndocker.io/library/nginx:1.27\nquay.io/a/b\n").unwrap();
    /// assert_eq!((images.counted(), images.others()), (1, 1));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ImagesError> {
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('{') {
            return Self::of_scan(text);
        }
        let mut images = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            images.add(line).map_err(|why| ImagesError::Line {
                line: at + 1,
                text: line.chars().take(80).collect(),
                why,
            })?;
        }
        Ok(images)
    }

    /// One more image.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let reference: Reference = text.parse().map_err(|error| format!("{error}"))?;
        if self.names.insert(reference.to_string()) {
            self.all.push(reference);
        }
        Ok(())
    }

    fn of_scan(text: &str) -> Result<Self, ImagesError> {
        let wrong = |why: String| ImagesError::Json(why);
        let scan: Scan = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if scan.schema != "dhlimit/scan/1" {
            return Err(wrong(format!("its schema is {}", scan.schema)));
        }
        let mut images = Self::default();
        for found in scan.references.into_iter().filter(|found| found.pulls != Some(0)) {
            if let Some(image) = found.image {
                images.add(&image).map_err(|why| wrong(format!("`{image}` is no image: {why}")))?;
            }
        }
        Ok(images)
    }

    /// How many of them Docker Hub counts.
    pub fn counted(&self) -> usize {
        self.all.iter().filter(|image| image.is_docker_hub()).count()
    }

    /// How many are elsewhere.
    pub fn others(&self) -> usize {
        self.all.len() - self.counted()
    }

    /// All of them, in the order in which they were named.
    pub fn into_vec(self) -> Vec<Reference> {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", 0, 0)]
    #[case("# nothing\r\n\r\n", 0, 0)]
    #[case("\u{feff}nginx\r\nredis:7 # cache\n", 2, 0)]
    #[case("nginx\nnginx:latest\nindex.docker.io/library/nginx\n", 1, 0)]
    #[case("ghcr.io/a/b:1\nlocalhost:5000/x\nbusybox", 1, 2)]
    #[case(r#"{"schema":"dhlimit/scan/1","references":[]}"#, 0, 0)]
    #[case(
        r#" {"schema":"dhlimit/scan/1","references":[
        {"image":"docker.io/library/nginx:1","docker_hub":true,"pulls":1},
        {"image":"docker.io/library/nginx:1","docker_hub":true,"pulls":2,"line":3},
        {"image":"docker.io/library/never:1","docker_hub":true,"pulls":0},
        {"image":null,"docker_hub":false,"pulls":null},
        {"image":"quay.io/a/b:1","docker_hub":false,"pulls":1}]}"#,
        1,
        1
    )]
    fn each_image_counts_once(#[case] text: &str, #[case] hub: usize, #[case] others: usize) {
        let images = Images::parse(text).unwrap();
        assert_eq!((images.counted(), images.others()), (hub, others));
    }

    #[rstest]
    #[case("nginx\nNot An Image\n", "line 2")]
    #[case("{", "dhlimit/scan/1")]
    #[case(r#"{"schema":"dhlimit/check/1","references":[]}"#, "dhlimit/check/1")]
    #[case(r#"{"references":[]}"#, "schema")]
    fn nonsense_says_where_it_is(#[case] text: &str, #[case] word: &str) {
        let error = Images::parse(text).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

//! A list of images, one a line, or the JSON of `scan`: each image once, in the order of the list. What a
//! scan says is never pulled (what a build makes, a service that must not be pulled) is none of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Reference;

/// The distinct images found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    all: Vec<Reference>,
    /// Where each is in the list, by its full name.
    places: BTreeMap<String, usize>,
    /// Those that are not, or not only, pods' of a workload.
    everywhere: BTreeSet<usize>,
    /// By workload: how many pods it has, and the images of each of them.
    workloads: BTreeMap<String, (Option<u64>, BTreeSet<usize>)>,
}

/// The pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pods {
    /// How many there are; `None`: one on each node.
    pub replicas: Option<u64>,
    /// What each of them pulls, by place among Docker Hub's images of the list.
    pub images: Vec<usize>,
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
    #[serde(default)]
    pods: Vec<FoundPods>,
}

#[derive(Deserialize)]
struct FoundPods {
    workload: String,
    replicas: Option<u64>,
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
        let place = self.place(text)?;
        self.everywhere.insert(place);
        Ok(())
    }

    fn place(&mut self, text: &str) -> Result<usize, String> {
        let reference: Reference = text.parse().map_err(|error| format!("{error}"))?;
        let place = *self.places.entry(reference.to_string()).or_insert(self.all.len());
        if place == self.all.len() {
            self.all.push(reference);
        }
        Ok(place)
    }

    /// Who pulls which of Docker Hub's images: first what is pulled on every node, whatever runs there.
    pub fn pods(&self) -> Vec<Pods> {
        let counted = self.all.iter().enumerate().filter(|(_, image)| image.is_docker_hub());
        let counted: BTreeMap<usize, usize> =
            counted.enumerate().map(|(number, (place, _))| (place, number)).collect();
        let everywhere = (None, &self.everywhere);
        let workloads = self.workloads.values().map(|(replicas, places)| (*replicas, places));
        std::iter::once(everywhere)
            .chain(workloads)
            .map(|(replicas, places)| Pods {
                replicas,
                images: places.iter().filter_map(|place| counted.get(place).copied()).collect(),
            })
            .filter(|pods| !pods.images.is_empty())
            .collect()
    }

    fn of_scan(text: &str) -> Result<Self, ImagesError> {
        let wrong = |why: String| ImagesError::Json(why);
        let scan: Scan = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if scan.schema != "dhlimit/scan/1" {
            return Err(wrong(format!("its schema is {}", scan.schema)));
        }
        let mut images = Self::default();
        for found in scan.references.into_iter().filter(|found| found.pulls != Some(0)) {
            let Some(image) = found.image else { continue };
            let place = images.place(&image);
            let place = place.map_err(|why| wrong(format!("`{image}` is no image: {why}")))?;
            if found.pods.is_empty() {
                images.everywhere.insert(place);
            }
            for pods in found.pods {
                let known = images.workloads.entry(pods.workload);
                let (replicas, places) = known.or_insert_with(|| (Some(0), BTreeSet::new()));
                // Two files that name the same workload: the larger counts, every node the most.
                *replicas = replicas.zip(pods.replicas).map(|(one, other)| one.max(other));
                places.insert(place);
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

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
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

    #[test]
    fn pods_pull_the_images_of_their_workloads_and_what_else_is_named_is_pulled_everywhere() {
        let found = |image: &str, pods: &str| {
            format!(r#"{{"image":"docker.io/a/{image}:1","pulls":1,"pods":[{pods}]}}"#)
        };
        let web = r#"{"workload":"Deployment/web","replicas":2}"#;
        let larger = r#"{"workload":"Deployment/web","replicas":3}"#;
        let log = r#"{"workload":"DaemonSet/log","replicas":null}"#;
        let rows = [
            r#"{"image":"quay.io/a/b:1","pulls":1}"#.to_owned(),
            found("a", web),
            found("b", &format!("{larger},{log}")),
            found("c", ""),
        ];
        let text = format!(r#"{{"schema":"dhlimit/scan/1","references":[{}]}}"#, rows.join(","));
        let pods = |replicas, images: &[usize]| Pods { replicas, images: images.to_vec() };
        let expected = [pods(None, &[2]), pods(None, &[1]), pods(Some(3), &[0, 1])];
        assert_eq!(Images::parse(&text).unwrap().pods(), expected);
        assert_eq!(Images::parse("nginx\n").unwrap().pods(), [pods(None, &[0])]);
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

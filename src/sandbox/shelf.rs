//! Where images stand once made: by name and by digest, in two generations of bounded size, so that
//! memory does not grow with what is asked for.
//!
//! A digest tells nothing of the name it was made from. It is found while its image stands here; the
//! images of [`TAGS`] are also made again on demand, so that their digests are good in any sandbox
//! at any time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::content::{Digest, Image, Part};
use crate::image::Reference;

/// The tags that `tags/list` names. Every other tag exists all the same.
pub(super) const TAGS: [&str; 5] = ["1.0", "1.1", "2.0", "latest", "stable"];
/// Images in one generation: about 5 KiB each.
const GENERATION: usize = 2048;

/// The images asked for lately.
#[derive(Debug, Default)]
pub(super) struct Shelf(RwLock<[Generation; 2]>);

#[derive(Debug, Default)]
struct Generation {
    names: HashMap<Box<str>, Arc<Image>>,
    digests: HashMap<Digest, Found>,
}

/// An image and one of its parts.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) image: Arc<Image>,
    pub(super) part: Part,
}

impl Shelf {
    /// The image of a tag. `key` is any text that tells repository and tag apart from others.
    pub(super) fn by_tag(&self, key: &str, repository: &str, tag: &str) -> Option<Arc<Image>> {
        let standing = {
            let generations = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let [young, old] = &*generations;
            if let Some(image) = young.names.get(key) {
                return Some(Arc::clone(image));
            }
            old.names.get(key).map(Arc::clone)
        };
        let image = match standing {
            Some(image) => image,
            None if is_name(repository, tag) => Arc::new(Image::make(repository, tag).ok()?),
            None => return None,
        };
        self.place(key, &image);
        Some(image)
    }

    /// What a digest names in a repository.
    pub(super) fn by_digest(&self, repository: &str, digest: &Digest) -> Option<Found> {
        let mine = |found: &Found| *found.image.repository == *repository;
        {
            let generations = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let [young, old] = &*generations;
            if let Some(found) = young.digests.get(digest).or_else(|| old.digests.get(digest)) {
                return Some(found.clone()).filter(mine);
            }
        }
        TAGS.iter().find_map(|tag| {
            let image =
                is_name(repository, tag).then(|| Image::make(repository, tag).ok()).flatten()?;
            let part =
                Image::PARTS.into_iter().find(|part| image.content(*part).digest == *digest)?;
            let image = Arc::new(image);
            self.place(&format!("{repository}/manifests/{tag}"), &image);
            Some(Found { image, part })
        })
    }

    fn place(&self, key: &str, image: &Arc<Image>) {
        let mut generations = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.names.len() >= GENERATION {
            *old = std::mem::take(young);
        }
        young.names.insert(key.into(), Arc::clone(image));
        for part in Image::PARTS {
            young
                .digests
                .insert(image.content(part).digest, Found { image: Arc::clone(image), part });
        }
    }
}

/// Whether an image can have these names: the rules are [`Reference`]'s.
fn is_name(repository: &str, tag: &str) -> bool {
    format!("localhost/{repository}:{tag}")
        .parse::<Reference>()
        .is_ok_and(|image| image.repository() == repository && image.tag() == Some(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_found_in_its_own_repository_only() {
        let shelf = Shelf::default();
        let image = shelf.by_tag("k", "library/nginx", "odd-tag").unwrap();
        let digest = image.content(Part::Manifest(1)).digest;
        assert_eq!(shelf.by_digest("library/nginx", &digest).unwrap().part, Part::Manifest(1));
        assert!(shelf.by_digest("library/redis", &digest).is_none());
    }

    #[test]
    fn a_listed_tags_digest_is_found_by_a_sandbox_that_never_saw_it() {
        let digest = Image::make("library/nginx", "stable").unwrap().content(Part::Layer(0)).digest;
        assert_eq!(
            Shelf::default().by_digest("library/nginx", &digest).unwrap().part,
            Part::Layer(0)
        );
        assert!(Shelf::default().by_digest("library/nginx", &[7; 32]).is_none());
    }

    #[test]
    fn the_shelf_is_bounded_and_keeps_what_was_asked_for_last() {
        let shelf = Shelf::default();
        for number in 0..3 * GENERATION {
            shelf.by_tag(&format!("k{number}"), "a/b", &format!("t{number}")).unwrap();
        }
        let generations = shelf.0.read().unwrap();
        assert!(generations.iter().all(|generation| generation.names.len() <= GENERATION));
        assert!(generations[0].names.contains_key(&*format!("k{}", 3 * GENERATION - 1)));
    }

    #[test]
    fn what_is_no_name_is_no_image() {
        for (repository, tag) in [
            ("Upper/case", "latest"),
            ("a//b", "latest"),
            ("a/b", "-x"),
            ("", "x"),
            ("a/b", ""),
            ("a:b", "c"),
            ("a/b@x", "c"),
        ] {
            assert!(Shelf::default().by_tag("k", repository, tag).is_none(), "{repository} {tag}");
        }
    }
}

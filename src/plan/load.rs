//! Which images each node asks for: all of them, or those of the pods that run on it. Pods are spread as
//! the scheduler does where nothing else is said: those of a workload on as many nodes as there are of
//! them, the next workload's from where the last one's ended. Two pods of one workload share a node only
//! where there are fewer nodes than pods, and then the node pulls their images once.

use std::ops::Range;
use std::sync::Arc;

use crate::image::Pods;

/// What the nodes ask for.
#[derive(Debug, Clone)]
pub(super) struct Load {
    images: u32,
    /// By image: the nodes that ask for it; `None` where each asks for all.
    nodes: Option<Arc<[Vec<Range<u32>>]>>,
}

impl Load {
    /// So many images, each of them on every node.
    pub(super) const fn all(images: u32) -> Self {
        Self { images, nodes: None }
    }

    /// The images of pods, spread over `nodes`.
    pub(super) fn of_pods(pods: &[Pods], images: u32, nodes: u32) -> Self {
        let mut of_image = vec![Vec::new(); usize::try_from(images).unwrap_or_default()];
        let mut next = 0;
        for pods in pods {
            let replicas = pods.replicas.and_then(|replicas| u32::try_from(replicas).ok());
            let places = match replicas.filter(|replicas| *replicas < nodes) {
                None => [0..nodes, 0..0],
                Some(replicas) => {
                    let end = next + replicas.min(nodes - next);
                    let rest = replicas - (end - next);
                    let places = [next..end, 0..rest];
                    next = if rest > 0 { rest } else { end % nodes };
                    places
                }
            };
            for image in &pods.images {
                if let Some(of_image) = of_image.get_mut(*image) {
                    of_image.extend(places.iter().filter(|places| !places.is_empty()).cloned());
                }
            }
        }
        Self { images, nodes: Some(of_image.into()) }
    }

    /// The first image from that number on that a node asks for.
    pub(super) fn next(&self, node: u32, from: u32) -> Option<u32> {
        let Some(nodes) = &self.nodes else { return (from < self.images).then_some(from) };
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let mut later = nodes.iter().enumerate().skip(from);
        let (image, _) = later.find(|(_, nodes)| nodes.iter().any(|some| some.contains(&node)))?;
        u32::try_from(image).ok()
    }

    /// How many images a node asks for.
    pub(super) fn count(&self, node: u32) -> u32 {
        let Some(nodes) = &self.nodes else { return self.images };
        let asks = |nodes: &&Vec<Range<u32>>| nodes.iter().any(|some| some.contains(&node));
        u32::try_from(nodes.iter().filter(asks).count()).unwrap_or(u32::MAX)
    }

    /// Whether each node asks for all of them.
    pub(super) const fn is_even(&self) -> bool {
        self.nodes.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(replicas: Option<u64>, images: &[usize]) -> Pods {
        Pods { replicas, images: images.to_vec() }
    }

    /// Which images each node asks for.
    fn rows(load: &Load, nodes: u32) -> Vec<Vec<u32>> {
        let of = |node| {
            let found =
                std::iter::successors(load.next(node, 0), |image| load.next(node, image + 1));
            let found: Vec<u32> = found.collect();
            assert_eq!(u32::try_from(found.len()).unwrap(), load.count(node));
            found
        };
        (0..nodes).map(of).collect()
    }

    #[test]
    fn every_node_asks_for_all_where_nothing_else_is_said() {
        assert_eq!(rows(&Load::all(2), 2), [[0, 1], [0, 1]]);
    }

    #[test]
    fn pods_are_spread_one_workload_after_another() {
        let pods = [pods(None, &[0]), pods(Some(2), &[1, 2]), pods(Some(2), &[3])];
        let load = Load::of_pods(&pods, 4, 3);
        assert_eq!(rows(&load, 3), [vec![0, 1, 2, 3], vec![0, 1, 2], vec![0, 3]]);
    }

    #[test]
    fn more_pods_than_nodes_are_one_pull_a_node_and_no_pod_is_none() {
        let load = Load::of_pods(&[pods(Some(7), &[0]), pods(Some(0), &[1])], 2, 3);
        assert_eq!(rows(&load, 3), [[0], [0], [0]]);
    }

    #[test]
    fn an_image_of_two_workloads_is_asked_for_once_a_node() {
        let load = Load::of_pods(&[pods(Some(1), &[0]), pods(Some(2), &[0, 1])], 2, 4);
        assert_eq!(rows(&load, 4), [vec![0], vec![0, 1], vec![0, 1], vec![]]);
    }
}

//! What references add up to. A pull is counted once an image and machine: everything that one machine or
//! cluster node runs shares its store, while each job of a CI file starts on a machine of its own, unless
//! `--runners` says how many there are that last.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{ImageUse, Puller, Pulls, Registry, Totals};

/// How many machines pull, and for which platforms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Machines that run CI jobs and keep what they pulled; `None`: each job starts on a new one.
    pub runners: Option<u64>,
    /// Machines or nodes that run all else.
    pub nodes: u64,
    /// Platforms that are pulled.
    pub platforms: u64,
}

/// Services behind profiles that were not asked for are not pulled.
pub(super) fn through_profiles(references: &mut [ImageUse], profiles: &[String]) {
    if profiles.is_empty() || profiles.iter().any(|profile| profile == "all") {
        return;
    }
    for one in references.iter_mut().filter(|one| !one.profiles.is_empty()) {
        if !one.profiles.iter().any(|profile| profiles.contains(profile)) {
            one.pulls = 0;
        }
    }
}

/// The name by which an image is the same as another.
fn image(one: &ImageUse) -> &str {
    one.image.as_deref().or(one.reference.as_deref()).unwrap_or(&one.written)
}

/// Adds references up.
pub(super) fn of(references: &[ImageUse], files: u64, crowd: &Crowd) -> Totals {
    let images: BTreeSet<&str> = references.iter().filter_map(|one| one.image.as_deref()).collect();
    let hub: BTreeSet<&str> = references
        .iter()
        .filter(|one| one.docker_hub)
        .filter_map(|one| one.image.as_deref())
        .collect();
    let mut by_registry: BTreeMap<String, Registry> = BTreeMap::new();
    let mut named: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in references {
        let Some(name) = one.registry.as_deref() else { continue };
        by_registry.entry(name.to_owned()).or_default().references += 1;
        named.entry(name).or_default().insert(image(one));
    }
    for (name, registry) in &mut by_registry {
        registry.images = named.get(name.as_str()).map_or(0, BTreeSet::len) as u64;
        let here = |one: &&ImageUse| one.registry.as_deref() == Some(name.as_str());
        registry.pulls = pulls(references.iter().filter(here), crowd).cold;
    }
    Totals {
        files,
        references: references.len() as u64,
        images: images.len() as u64,
        docker_hub_images: hub.len() as u64,
        pulls: pulls(references.iter().filter(|one| one.docker_hub), crowd),
        by_registry,
    }
}

/// The pulls of some references.
fn pulls<'a>(references: impl Iterator<Item = &'a ImageUse>, crowd: &Crowd) -> Pulls {
    // By machine (a job, or what lasts), identity and image: the most that one reference asks for.
    let mut most: BTreeMap<(Option<&str>, &str), (u64, Puller)> = BTreeMap::new();
    // Of what runs now the machines are known: one pull an image on each.
    let mut running: BTreeMap<(&str, &str), Puller> = BTreeMap::new();
    for one in references.filter(|one| one.certain && one.pulls > 0) {
        for machine in &one.machines {
            running.insert((machine, image(one)), one.identity);
        }
        if !one.machines.is_empty() {
            continue;
        }
        let job = one.job.as_deref();
        let machine = if crowd.runners.is_some() { job.map(|_| "") } else { job };
        let count = if machine == Some("") { 1 } else { one.pulls };
        let entry = most.entry((machine, image(one))).or_insert((0, one.identity));
        entry.0 = entry.0.max(count);
        // Who is not logged in pulls first.
        entry.1 = entry.1.min(one.identity);
    }
    let mut sum = Pulls::default();
    for puller in running.into_values() {
        sum.cold += 1;
        *sum.by_identity.entry(puller).or_default() += 1;
    }
    for ((machine, _), (count, puller)) in most {
        let machines = match (machine, crowd.runners) {
            (None, _) => crowd.nodes.max(1),
            (Some(_), Some(runners)) => runners,
            (Some(_), None) => 1,
        };
        let all = count * machines * crowd.platforms.max(1);
        sum.cold += all;
        *sum.by_identity.entry(puller).or_default() += all;
        // A job on a new machine finds nothing there.
        if machine.is_some() && crowd.runners.is_none() {
            sum.warm += all;
        }
    }
    sum
}

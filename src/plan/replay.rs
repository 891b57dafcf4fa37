//! The proof of a plan: the same nodes with the same back-off, but a registry that decides by itself
//! instead of a law. What comes of it is held beside what was planned.

use serde::Serialize;

use super::crowd::Course;
use super::every_ask::{Answer, EveryAsk, Judge};
use super::rollout::Rollout;
use super::tally::Tally;
use super::{Outcome, Plan, PlanError, Request, Seconds, Strategy, Tick};
use crate::quota::Quota;

/// The most asks of a replay, over all strategies: each is several real requests.
const MOST_REPLAYED: u64 = 20_000;
/// The most that a registry of ours counts for one pull: the index, and the platform's manifest.
const MOST_REPLAYED_COST: u32 = 2;

/// A registry that decides by itself.
pub trait PullRegistry {
    /// Why it cannot answer.
    type Trouble;

    /// Pulls an image, so many nanoseconds after the start, counted on an identity of the strategy:
    /// whether it was accepted. Times never go back.
    fn pull(&mut self, at: Tick, identity: u32, image: u32) -> Result<bool, Self::Trouble>;
}

/// A strategy to replay, and the registry that it needs.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    rollout: Rollout<'a>,
    strategy: Strategy,
}

/// What a replay came to beside the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The strategy, as `--strategy` takes it.
    pub name: String,
    /// Pulls that were asked of the registry, the refused ones too.
    pub asks: u64,
    /// Whether all is as planned.
    pub same: bool,
    /// What is not, in words.
    pub differences: Vec<String>,
}

/// The strategies of a plan, ready to be replayed.
///
/// # Errors
/// Where it is too long to be replayed, or asks for what no registry of ours does.
pub fn replays<'a>(request: &'a Request, plan: &Plan) -> Result<Vec<Replay<'a>>, PlanError> {
    let cannot = |why: String| Err(PlanError::Prove(why));
    if !request.beyond.left.is_empty() || !request.beyond.background.is_empty() {
        return cannot(
            "a replay begins with a full count and without others: leave --from-reading and --background out"
                .to_owned(),
        );
    }
    if request.cost > MOST_REPLAYED_COST {
        return cannot(format!(
            "a registry counts 1 or {MOST_REPLAYED_COST} for a pull, not {}",
            request.cost
        ));
    }
    let asks = plan.strategies.iter().map(|outcome| asks(request, outcome)).sum::<u64>();
    if asks > MOST_REPLAYED {
        return cannot(format!(
            "{asks} pulls to replay, at most {MOST_REPLAYED}: plan for fewer nodes or images, name a strategy, or give an earlier --horizon"
        ));
    }
    let rollout = Rollout::new(request)?;
    let wanted = rollout.wanted()?.into_iter();
    Ok(wanted.map(|strategy| Replay { rollout: rollout.clone(), strategy }).collect())
}

fn asks(request: &Request, outcome: &Outcome) -> u64 {
    outcome.pulls / u64::from(request.cost.max(1)) + outcome.refused
}

impl Replay<'_> {
    /// What each identity may use; `None` where nothing is counted.
    pub fn quota(&self) -> Option<Quota> {
        self.rollout.quota(self.strategy)
    }

    /// How many identities there are, each of them an account or an address.
    pub fn identities(&self) -> u32 {
        self.rollout.identities(self.strategy)
    }

    /// Whether they are accounts, and not addresses. A paid plan is an account's.
    pub fn is_on_accounts(&self) -> bool {
        self.strategy.is_on_account().unwrap_or(true)
    }

    /// The rollout with a registry that decides, and what of it is not as it was planned.
    ///
    /// # Errors
    /// The registry's own, where it cannot answer.
    pub fn run<R: PullRegistry>(
        &self,
        registry: R,
        planned: &Outcome,
    ) -> Result<Proof, R::Trouble> {
        let mut tally = self.rollout.empty(self.strategy);
        let course: Course = tally.course();
        let mut asked = 0;
        let judge = Asked {
            registry,
            identities: self.identities(),
            held: self.rollout.held_images(self.strategy),
            count: &mut asked,
        };
        let (members, kubelet) = (self.rollout.members(), self.rollout.request.beyond.kubelet);
        EveryAsk::new(course, self.rollout.load(), kubelet, members, judge, &mut tally).run()?;
        let differences = self.differences(&tally, planned);
        let same = differences.is_empty();
        Ok(Proof { name: self.strategy.to_string(), asks: asked, same, differences })
    }

    fn differences(&self, tally: &Tally, planned: &Outcome) -> Vec<String> {
        let time = |at: Option<Seconds>| {
            at.map_or_else(|| "never".to_owned(), |at| format!("{} ms", at.millis()))
        };
        let done = self.rollout.all_run(tally).then(|| tally.last_done.into());
        let done_nodes = tally.nodes_done + u64::from(self.rollout.request.beyond.warm);
        // What nobody counts is pulled all the same.
        let pulls = if self.quota().is_some() { tally.pulls } else { planned.pulls };
        let rows = [
            ("pulls", planned.pulls.to_string(), pulls.to_string()),
            ("refused", planned.refused.to_string(), tally.refused.to_string()),
            (
                "first refused",
                time(planned.first_refused_at_seconds),
                time(tally.first_refused.map(Seconds::from)),
            ),
            ("all run", time(planned.done_at_seconds), time(done)),
            ("nodes that run", planned.nodes_done.to_string(), done_nodes.to_string()),
            (
                "waited in all",
                time(Some(planned.waited_node_seconds)),
                time(Some(tally.waited.into())),
            ),
        ];
        rows.into_iter()
            .filter(|(_, planned, replayed)| planned != replayed)
            .map(|(what, planned, replayed)| {
                format!("{what}: {planned} planned, {replayed} replayed")
            })
            .collect()
    }
}

/// The registry as a judge of asks, with what stands before it.
struct Asked<'a, R> {
    registry: R,
    identities: u32,
    held: Option<Vec<bool>>,
    count: &'a mut u64,
}

impl<R: PullRegistry> Judge for Asked<'_, R> {
    type Trouble = R::Trouble;

    fn ask(&mut self, now: Tick, node: u32, image: u32) -> Result<Answer, Self::Trouble> {
        let place = usize::try_from(image).unwrap_or(usize::MAX);
        let mut held = self.held.as_mut().and_then(|held| held.get_mut(place));
        if held.as_deref().is_some_and(|is_held| *is_held) {
            return Ok(Answer::Free);
        }
        *self.count += 1;
        let is_accepted = self.registry.pull(now, node % self.identities.max(1), image)?;
        if let Some(held) = held.as_mut().filter(|_| is_accepted) {
            **held = true;
        }
        Ok(if is_accepted { Answer::Counted } else { Answer::Refused })
    }
}

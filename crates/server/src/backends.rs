//! Between the operator's room, which shows how backends stand, and the gateway, which knows.

use control::deployment::{AskDirectly, BackendStanding, BackendState, StandingOf};
use gateway::{Gateway, UpstreamStanding, UpstreamState};
use std::sync::Arc;

/// How the backends of a deployment stand at this gateway.
pub fn standing_of(gateway: &Gateway) -> StandingOf {
    let gateway = gateway.clone();
    Arc::new(move |deployment| {
        let all = gateway.upstreams().into_iter();
        all.filter(|one| one.deployment == deployment).map(shown).collect()
    })
}

/// What asks the backends of a deployment directly.
pub fn ask_directly(gateway: &Gateway) -> AskDirectly {
    let gateway = gateway.clone();
    Arc::new(move |deployment| {
        let gateway = gateway.clone();
        Box::pin(async move { gateway.look_for_exposure(Some(deployment)).await })
    })
}

fn shown(standing: UpstreamStanding) -> BackendStanding {
    let (state, more) = match standing.state {
        UpstreamState::Up => (BackendState::Up, String::new()),
        UpstreamState::Waiting => (BackendState::Waiting, String::new()),
        UpstreamState::Down => (BackendState::Down, String::new()),
        UpstreamState::Ejected(left) => {
            (BackendState::Ejected, format!("for {} more seconds", left.as_secs() + 1))
        }
        UpstreamState::Unreachable => (BackendState::Unreachable, String::new()),
        UpstreamState::Drained => (BackendState::Drained, String::new()),
    };
    let said = |said| match said {
        Ok(status) => format!("{status}"),
        Err(why) => why,
    };
    BackendStanding {
        address: standing.address,
        state,
        more,
        weight: standing.weight,
        outstanding: standing.outstanding,
        answered: standing.answered,
        failed: standing.failed,
        exposed: standing.exposed,
        checked: standing.checked.map(|(ago, answer)| (ago, said(answer))),
    }
}

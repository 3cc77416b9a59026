//! How many files and connections the system lets this process hold.
//!
//! Many systems start a process with room for 1,024 and let it ask for more. Whoever runs out answers nobody, so a
//! node asks for all it may have, and takes no more clients than leave room for backends and the database.

use crate::config::Listen;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More than any node holds; some systems let a process ask for no bound at all, and refuse it.
const MOST: u64 = 1 << 20;
/// What is kept for backends, the database and files, where there is that much.
const RESERVE: u64 = 2_048;

/// Asks for as many as the system gives, and says how many that is.
pub(crate) fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (held, most) = (current.unwrap_or(MOST), maximum.unwrap_or(MOST).min(MOST));
    let asked = Rlimit { current: Some(most), maximum };
    if held < most && setrlimit(Resource::Nofile, asked).is_ok() { most } else { held }
}

/// How many there would be after [`raise`].
pub(crate) fn within_reach() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    maximum.unwrap_or(MOST).min(MOST).max(current.unwrap_or(MOST))
}

/// How many clients fit into so many descriptors.
pub(crate) fn clients_of(descriptors: u64) -> usize {
    usize::try_from(descriptors - RESERVE.min(descriptors / 2)).unwrap_or(usize::MAX)
}

/// The bounds that hold with so many descriptors; said where they are not those of the settings.
pub(crate) fn fit(listen: &Listen, descriptors: u64) -> Listen {
    let fits = clients_of(descriptors);
    tracing::info!(descriptors, "this process may hold {descriptors} descriptors");
    if listen.connections <= fits {
        return listen.clone();
    }
    tracing::warn!(
        descriptors,
        "listen.connections is {}, but only {fits} fit into {descriptors} descriptors; {fits} it is. Raise the bound of the service (LimitNOFILE, ulimit -Hn).",
        listen.connections
    );
    // One address must not take them all.
    let connections_per_address = listen.connections_per_address.min((fits / 2).max(1));
    Listen { connections: fits, connections_per_address, ..listen.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_leave_room_for_backends_and_the_database() {
        for (descriptors, clients) in
            [(0, 0), (256, 128), (1_024, 512), (4_096, 2_048), (1 << 20, (1 << 20) - 2_048)]
        {
            assert_eq!(clients_of(descriptors), clients, "{descriptors}");
        }
    }

    #[test]
    fn what_the_system_gives_is_taken() {
        assert_eq!(raise(), within_reach());
        assert_eq!(getrlimit(Resource::Nofile).current, Some(within_reach()));
    }
}

//! Two nodes over one database, under load: one goes, in order or not, and nobody at the other notices.

use crate::town::{Client, Crowd, Diary, Engine, Fate, Node, Town};

/// How many clients ask at each node.
const CROWD: usize = 12;
/// How many answers a crowd gets before the next thing happens.
const A_WHILE: u64 = 60;

/// What is asked for at once over one connection of HTTP/2.
const TOGETHER: [&str; 3] = ["/hold/one", "/hold/two", "/hold/three"];

/// A town of two nodes, and what a client of alice's needs.
struct Pair {
    town: Town,
    second: Node,
    cookie: String,
    host: String,
}

impl Pair {
    async fn build() -> Self {
        let town = Town::build(Engine::Postgres).await;
        let (alice, _) = town.visit("alice@contoso.test", &format!("{}/", town.node.origin("contoso"))).await;
        let second = Node::start(town.folder.path(), &town.database, &[]).await;
        let session = alice.browser.cookies.get("contoso.partywall.localhost", "pw_session");
        let cookie = format!("pw_session={}", session.expect("alice is signed in"));
        let host = format!("contoso.partywall.localhost:{}", town.node.port);
        Pair { town, second, cookie, host }
    }

    fn client_of(&self, port: u16) -> Client {
        Client::new(port, &self.host, &self.cookie)
    }

    fn crowd(&self, name: &str, port: u16, goes_over: bool) -> Crowd {
        Crowd::gather(name, CROWD, goes_over, || self.client_of(port))
    }
}

/// Nobody of this crowd had anything to complain of.
fn nothing_failed(diaries: &[Diary]) {
    let failed: Vec<_> =
        diaries.iter().flatten().filter(|(_, fate)| *fate != Fate::Whole { last: false }).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[tokio::test]
async fn a_node_that_is_told_to_stop_answers_what_it_took_and_the_other_fails_nobody() {
    let mut pair = Pair::build().await;
    let (first_port, second_port) = (pair.town.node.port, pair.second.port);
    let (leaving, staying) =
        (pair.crowd("leaving", first_port, true), pair.crowd("staying", second_port, false));
    leaving.asks(A_WHILE).await;
    staying.asks(A_WHILE).await;
    // Some answers are held back until the node has closed its door.
    let mut last = pair.client_of(first_port);
    let held = tokio::spawn(async move { last.ask("/hold/last").await });
    pair.town.eventually(async || pair.town.backend.saw("/hold/last").then_some(())).await;
    let streams = pair.client_of(first_port).ask_together(&TOGETHER);
    let streams = tokio::spawn(streams);
    for path in TOGETHER {
        pair.town.eventually(async || pair.town.backend.saw(path).then_some(())).await;
    }
    pair.town.node.tell_to_stop();
    pair.town
        .eventually(async || tokio::net::TcpStream::connect(("127.0.0.1", first_port)).await.err())
        .await;
    pair.town.backend.let_go();
    assert_eq!(held.await.expect("no panic"), Fate::Whole { last: true }, "and says that it was the last");
    let streams = streams.await.expect("no panic");
    assert_eq!(streams, vec![Fate::Whole { last: false }; 3], "the streams of HTTP/2 that it took");
    let left = leaving.goes_over().await;
    pair.town.node.wait_until_stopped().await;
    staying.asks(A_WHILE).await;
    nothing_failed(&staying.ends().await);
    for (path, fate) in left.iter().flatten() {
        match fate {
            Fate::Whole { .. } => {}
            Fate::Unheard => assert!(!pair.town.backend.saw(path), "{path} was taken and not answered"),
            Fate::Broken(why) => panic!("{why}"),
        }
    }
    // Whoever went over is served there.
    let mut over = pair.client_of(second_port);
    assert_eq!(over.ask("/slow/over").await, Fate::Whole { last: false });
}

#[tokio::test]
async fn a_node_that_dies_takes_nothing_of_the_other_with_it() {
    let mut pair = Pair::build().await;
    let (first_port, second_port) = (pair.town.node.port, pair.second.port);
    let (dying, staying) = (pair.crowd("dying", first_port, true), pair.crowd("staying", second_port, false));
    dying.asks(A_WHILE).await;
    staying.asks(A_WHILE).await;
    pair.town.node.kill();
    staying.asks(A_WHILE).await;
    drop(dying);
    // The dead node comes back and knows alice, and nobody at the other notices that either.
    pair.town.node = Node::start_at(pair.town.folder.path(), &pair.town.database, first_port, &[]).await;
    let mut back = pair.client_of(first_port);
    assert_eq!(back.ask("/slow/back").await, Fate::Whole { last: false });
    staying.asks(A_WHILE).await;
    nothing_failed(&staying.ends().await);
}

//! What the stories share: a provider that listens on this machine and counts who comes, a teller of
//! addresses, and clients with one policy or another.

use domain::{Clock, Fault};
use outbound::{Answer, Call, Outbound, OutboundError, Policy, Resolve, Resolving};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Somebody's server, at an address of this machine.
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    visits: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    /// One that does as it pleases with every connection.
    pub(crate) async fn doing<F, R>(at: &str, act: F) -> Provider
    where
        F: Fn(TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((at, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let visits = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&visits);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, SeqCst);
                tokio::spawn(act(stream));
            }
        });
        Provider { address, visits, heard: Arc::default() }
    }

    /// One that hears the request out, says these words and hangs up.
    pub(crate) async fn saying(words: impl Into<Vec<u8>>) -> Provider {
        let words: Arc<[u8]> = words.into().into();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&heard);
        let provider = Provider::doing("127.0.0.1", move |mut stream| {
            let (words, notes) = (Arc::clone(&words), Arc::clone(&notes));
            async move {
                let request = hear(&mut stream).await;
                notes.lock().unwrap().push(request);
                let _ = stream.write_all(&words).await;
            }
        })
        .await;
        Provider { heard, ..provider }
    }

    /// One that answers 200 with this body.
    pub(crate) async fn answering(body: &str) -> Provider {
        Provider::saying(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await
    }

    /// How many connections there were.
    pub(crate) fn visits(&self) -> usize {
        self.visits.load(SeqCst)
    }

    /// The only request there was.
    pub(crate) fn heard(&self) -> String {
        let heard = self.heard.lock().unwrap();
        assert_eq!(heard.len(), 1);
        heard[0].clone()
    }

    /// An address with this scheme and host, at the provider's port.
    pub(crate) fn at(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/", self.address.port())
    }
}

/// A request: its head and as much of its body as it announces.
pub(crate) async fn hear(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= announced.unwrap_or(0) {
                return text;
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

/// Tells the same addresses for every name, and counts how often it was asked.
#[derive(Default)]
pub(crate) struct Directory {
    addresses: Vec<IpAddr>,
    pub(crate) asked: AtomicUsize,
}

impl Directory {
    pub(crate) fn telling(addresses: &[&str]) -> Arc<Directory> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Directory { addresses, asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Directory {
    fn resolve<'a>(&'a self, _name: &'a str) -> Resolving<'a> {
        self.asked.fetch_add(1, SeqCst);
        Box::pin(async { io::Result::Ok(self.addresses.clone()) })
    }
}

/// A client whose every name leads to these addresses.
pub(crate) fn client(policy: Policy, addresses: &[&str]) -> Outbound {
    Outbound::with_resolver(policy, Clock::System, Directory::telling(addresses)).unwrap()
}

/// As the product runs at a customer's.
pub(crate) fn production() -> Policy {
    Policy::default()
}

/// As it runs on a developer's machine.
pub(crate) fn development() -> Policy {
    Policy { development: true, ..Policy::default() }
}

/// As at a customer's who opened one private address.
pub(crate) fn allowing(rule: &str) -> Policy {
    Policy { allow: vec![rule.parse().unwrap()], ..Policy::default() }
}

/// Fetches this address.
pub(crate) async fn get(client: &Outbound, url: &str) -> Result<Answer, OutboundError> {
    client.send(Call::get(url.parse().unwrap())).await
}

/// The code of the refusal, or "answered".
pub(crate) async fn outcome(client: &Outbound, url: &str) -> &'static str {
    get(client, url).await.map_or_else(|error| error.code(), |_| "answered")
}

//! The text records of a name, asked of a resolver that the operator names. Whoever answers may lie, stay silent
//! or talk without end: an answer is read for a few seconds, up to a bound, and only if it answers what was asked.

use domain::Chance;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, rdata::RData};
use std::{io, net::SocketAddr, path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How large an answer is read. A name that carries more has other uses than to prove anything.
const MOST_BYTES: usize = 16 * 1024;
/// How many records are looked at.
const MOST_RECORDS: usize = 64;
/// How long one resolver may take, over both ways of asking it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many resolvers are asked before nobody has answered.
const MOST_RESOLVERS: usize = 3;

/// Asks for text records.
#[derive(Clone, Debug)]
pub struct TxtResolver {
    servers: Vec<SocketAddr>,
    chance: Chance,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TxtError {
    /// No resolver answered in time, or in a way that answers the question.
    #[error("no resolver gave an answer")]
    NoAnswer,
    /// The answer is larger than is read.
    #[error("the name carries more text records than are read")]
    TooLarge,
    /// The name cannot be asked for.
    #[error("the name is too long to be asked for")]
    Name,
}

impl TxtResolver {
    /// Asks these resolvers, one after the other; the machine's own if there are none.
    pub fn new(servers: Vec<SocketAddr>, chance: Chance) -> Self {
        let servers =
            if servers.is_empty() { of_this_machine(Path::new("/etc/resolv.conf")) } else { servers };
        TxtResolver { servers, chance }
    }

    /// The texts that lie at this very name. An alias is not followed: whoever owns what it leads to is not
    /// therefore the owner of the name.
    ///
    /// # Errors
    /// [`TxtError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, TxtError> {
        let id = u16::from_be_bytes(self.chance.bytes::<2>());
        let question = question(name, TYPE::TXT, id).ok_or(TxtError::Name)?;
        for server in self.servers.iter().take(MOST_RESOLVERS) {
            match timeout(PATIENCE, ask(*server, &question)).await {
                Ok(Ok(bytes)) => match read(&bytes, name, id) {
                    Err(TxtError::NoAnswer) => {}
                    decided => return decided,
                },
                Ok(Err(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                    return Err(TxtError::TooLarge);
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
        Err(TxtError::NoAnswer)
    }
}

impl TxtResolver {
    /// How long others remember where this name leads: the longest of what is said with its addresses, and with the
    /// aliases on the way to them. None where it leads nowhere.
    ///
    /// # Errors
    /// [`TxtError`]; nobody is waited for longer than one resolver may take.
    pub async fn lifetime(&self, name: &str) -> Result<Option<Duration>, TxtError> {
        timeout(PATIENCE, self.longest(name)).await.unwrap_or(Err(TxtError::NoAnswer))
    }

    async fn longest(&self, name: &str) -> Result<Option<Duration>, TxtError> {
        let mut longest = None;
        for kind in [TYPE::A, TYPE::AAAA] {
            let id = u16::from_be_bytes(self.chance.bytes::<2>());
            let question = question(name, kind, id).ok_or(TxtError::Name)?;
            let answers = async {
                for server in self.servers.iter().take(MOST_RESOLVERS) {
                    if let Ok(Ok(bytes)) = timeout(PATIENCE, ask(*server, &question)).await {
                        return Ok(bytes);
                    }
                }
                Err(TxtError::NoAnswer)
            };
            let bytes = answers.await?;
            longest = longest.max(lifetime(&bytes, id)?);
        }
        Ok(longest)
    }
}

/// The longest lifetime in an answer.
fn lifetime(bytes: &[u8], id: u16) -> Result<Option<Duration>, TxtError> {
    let packet = Packet::parse(bytes).map_err(|_| TxtError::NoAnswer)?;
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) {
        return Err(TxtError::NoAnswer);
    }
    let seconds = packet.answers.iter().take(MOST_RECORDS).map(|record| record.ttl).max();
    Ok(seconds.map(|seconds| Duration::from_secs(seconds.into())))
}

/// The resolvers that the machine itself asks (resolv.conf(5)); one on the machine if nothing is said.
fn of_this_machine(file: &Path) -> Vec<SocketAddr> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let named = text.lines().filter_map(|line| line.strip_prefix("nameserver")?.trim().parse().ok());
    let servers: Vec<SocketAddr> = named.map(|address| SocketAddr::new(address, 53)).collect();
    if servers.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { servers }
}

fn question(name: &str, kind: TYPE, id: u16) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).ok()?;
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().ok()
}

/// By datagram first, and by stream if the answer does not fit one.
async fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let here: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(here).await?;
    // Connected, so that the kernel drops what others send.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; 4_096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = &buffer[..length];
        // Somebody who guesses is not listened to, and ends nothing.
        if answer.get(..2) != question.get(..2) {
            continue;
        }
        match Packet::parse(answer) {
            Ok(packet) if !packet.has_flags(PacketFlag::TRUNCATION) => return Ok(answer.to_vec()),
            _ => return ask_by_stream(server, question).await,
        }
    }
}

async fn ask_by_stream(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let length = usize::from(stream.read_u16().await?);
    if length > MOST_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

fn read(bytes: &[u8], name: &str, id: u16) -> Result<Vec<String>, TxtError> {
    let packet = Packet::parse(bytes).map_err(|_| TxtError::NoAnswer)?;
    let asked = |found: &Name<'_>| found.to_string().eq_ignore_ascii_case(name);
    let answers_us = packet.id() == id
        && packet.has_flags(PacketFlag::RESPONSE)
        && packet.questions.first().is_some_and(|question| asked(&question.qname));
    match packet.rcode() {
        _ if !answers_us => return Err(TxtError::NoAnswer),
        RCODE::NoError => {}
        RCODE::NameError => return Ok(vec![]),
        _ => return Err(TxtError::NoAnswer),
    }
    if packet.answers.len() > MOST_RECORDS {
        return Err(TxtError::TooLarge);
    }
    let texts = packet.answers.into_iter().filter(|record| asked(&record.name));
    Ok(texts
        .filter_map(|record| match record.rdata {
            RData::TXT(text) => String::try_from(text).ok(),
            _ => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::{ResourceRecord, rdata::TXT};

    const NAME: &str = "_partywall-challenge.acme.test";

    /// What a resolver would answer with these records, each under its name.
    fn answer(id: u16, records: &[(&str, &str)]) -> Vec<u8> {
        let asked = question(NAME, TYPE::TXT, id).unwrap();
        let mut packet = Packet::parse(&asked).unwrap().into_reply();
        for (name, text) in records {
            let data = RData::TXT(TXT::try_from(*text).unwrap());
            packet.answers.push(ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, data));
        }
        packet.build_bytes_vec().unwrap()
    }

    #[test]
    fn only_what_lies_at_the_name_itself_is_read() {
        let long = "x".repeat(300);
        let bytes =
            answer(7, &[(NAME, "one"), ("_PARTYWALL-challenge.acme.TEST", &long), ("other.test", "no")]);
        assert_eq!(read(&bytes, NAME, 7), Ok(vec!["one".to_owned(), long]));
        assert_eq!(read(&answer(7, &[]), NAME, 7), Ok(vec![]));
    }

    #[test]
    fn a_name_is_remembered_as_long_as_its_longest_record() {
        let long = answer(7, &[(NAME, "one"), ("alias.test", "two")]);
        assert_eq!(lifetime(&long, 7), Ok(Some(Duration::from_secs(60))));
        assert_eq!(lifetime(&answer(7, &[]), 7), Ok(None));
        assert_eq!(lifetime(&long, 8), Err(TxtError::NoAnswer));
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        assert_eq!(read(&answer(8, &[(NAME, "one")]), NAME, 7), Err(TxtError::NoAnswer), "another number");
        assert_eq!(read(&answer(7, &[]), "_partywall-challenge.beta.test", 7), Err(TxtError::NoAnswer));
        assert_eq!(
            read(&question(NAME, TYPE::TXT, 7).unwrap(), NAME, 7),
            Err(TxtError::NoAnswer),
            "a question"
        );
        assert_eq!(read(b"\0\x07garbage", NAME, 7), Err(TxtError::NoAnswer));
    }

    #[test]
    fn a_name_with_too_many_records_proves_nothing() {
        let many: Vec<(&str, &str)> = (0..=MOST_RECORDS).map(|_| (NAME, "one")).collect();
        assert_eq!(read(&answer(7, &many), NAME, 7), Err(TxtError::TooLarge));
    }

    #[tokio::test]
    async fn a_resolver_that_sends_64_kib_is_cut_off_and_one_that_hangs_is_left() {
        // A port that is free for datagrams may be taken for streams.
        let (datagrams, server, streams) = loop {
            let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let server = datagrams.local_addr().unwrap();
            if let Ok(streams) = tokio::net::TcpListener::bind(server).await {
                break (datagrams, server, streams);
            }
        };
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            let (length, from) = datagrams.recv_from(&mut buffer).await.unwrap();
            let mut packet = Packet::parse(&buffer[..length]).unwrap().into_reply();
            packet.set_flags(PacketFlag::TRUNCATION);
            datagrams.send_to(&packet.build_bytes_vec().unwrap(), from).await.unwrap();
            let (mut stream, _) = streams.accept().await.unwrap();
            stream.write_all(&u16::MAX.to_be_bytes()).await.unwrap();
            // From now on it hangs.
            std::future::pending::<()>().await;
        });
        let resolver = TxtResolver::new(vec![server], Chance::system());
        assert_eq!(resolver.texts(NAME).await, Err(TxtError::TooLarge));
        assert_eq!(resolver.texts(NAME).await, Err(TxtError::NoAnswer));
    }
}

//! A name server that answers what the story says, or worse. Every name leads to this machine.

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QTYPE, ResourceRecord, TYPE,
    rdata::{A, RData, TXT},
};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, UdpSocket},
};

/// What it does when it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    #[default]
    Helpful,
    /// It says nothing at all.
    Silent,
    /// It promises 64 KiB.
    Endless,
}

#[derive(Default)]
struct State {
    mood: Mood,
    texts: HashMap<String, Vec<String>>,
    /// Names that lead somewhere, and for how many seconds others may remember that.
    led: HashMap<String, u32>,
}

/// The server.
#[derive(Clone)]
pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Dns {
    pub(crate) async fn start() -> Self {
        // A port that is free for datagrams may be taken for streams.
        let (datagrams, address, streams) = loop {
            let datagrams = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
            let address = datagrams.local_addr().expect("it is bound");
            if let Ok(streams) = TcpListener::bind(address).await {
                break (datagrams, address, streams);
            }
        };
        let dns = Dns { address, state: Arc::default() };
        tokio::spawn(dns.clone().serve(datagrams));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = streams.accept().await {
                let _ = stream.write_all(&u16::MAX.to_be_bytes()).await;
                std::mem::forget(stream);
            }
        });
        dns
    }

    /// From now on these texts lie at this name.
    pub(crate) fn put(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.state.lock().expect("nobody panics here").texts.insert(name.to_lowercase(), texts);
    }

    /// From now on this name leads to this machine, which others may remember for so many seconds.
    pub(crate) fn leads(&self, name: &str, seconds: u32) {
        self.state.lock().expect("nobody panics here").led.insert(name.to_lowercase(), seconds);
    }

    pub(crate) fn be(&self, mood: Mood) {
        self.state.lock().expect("nobody panics here").mood = mood;
    }

    async fn serve(self, socket: UdpSocket) {
        let mut buffer = [0; 1_024];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(answer) = self.answer(&buffer[..length]) {
                let _ = socket.send_to(&answer, from).await;
            }
        }
    }

    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        let mut packet = Packet::parse(question).ok()?.into_reply();
        let name = packet.questions.first()?.qname.to_string().to_lowercase();
        let state = self.state.lock().expect("nobody panics here");
        match state.mood {
            Mood::Silent => return None,
            Mood::Endless => packet.set_flags(PacketFlag::TRUNCATION),
            Mood::Helpful => {}
        }
        let asked = packet.questions.first()?.qtype;
        let is_asked = |kind: TYPE| asked == QTYPE::TYPE(kind);
        let lasts = state.led.get(&name).copied().unwrap_or(1);
        let mut answer = |data: RData<'static>| {
            let name = Name::new_unchecked(&name).into_owned();
            packet.answers.push(ResourceRecord::new(name, CLASS::IN, lasts, data));
        };
        if is_asked(TYPE::A) {
            answer(RData::A(A { address: 0x7f00_0001 }));
        }
        for text in state.texts.get(&name).into_iter().flatten().filter(|_| is_asked(TYPE::TXT)) {
            answer(RData::TXT(TXT::try_from(text.as_str()).ok()?.into_owned()));
        }
        packet.build_bytes_vec().ok()
    }
}

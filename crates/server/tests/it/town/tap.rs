//! A backend that reads what it is sent byte by byte, more strictly than any real one, and keeps it: whatever could be
//! read in another way is told apart from what is sound.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A running backend, which answers each request with its target. Dropping it stops it.
pub(crate) struct Tap {
    pub(crate) origin: String,
    notes: Arc<Mutex<Notes>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Notes {
    heard: Vec<Heard>,
    odd: Vec<String>,
}

/// A request, as its bytes were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Method and target.
    pub(crate) asked: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Heard {
    /// The values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect()
    }
}

/// What cannot be read in one way; none where the connection simply ended.
type Odd = Option<String>;

impl Tap {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let notes = Arc::new(Mutex::new(Notes::default()));
        let shared = notes.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(listen(stream, shared.clone()));
            }
        });
        Tap { origin, notes, serving }
    }

    /// What was heard since this was asked last.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.notes.lock().expect("nobody panics here").heard)
    }

    /// What came that no two backends need to read alike.
    pub(crate) fn odd(&self) -> Vec<String> {
        self.notes.lock().expect("nobody panics here").odd.clone()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn listen(stream: TcpStream, notes: Arc<Mutex<Notes>>) {
    let mut stream = BufReader::new(stream);
    loop {
        match hear(&mut stream).await {
            Ok(heard) => {
                let said = heard.asked.clone();
                notes.lock().expect("nobody panics here").heard.push(heard);
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
            Err(Some(odd)) => return notes.lock().expect("nobody panics here").odd.push(odd),
            Err(None) => return,
        }
    }
}

async fn hear(stream: &mut BufReader<TcpStream>) -> Result<Heard, Odd> {
    let line = line(stream).await?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Some(format!("a request line: {line:?}")));
    };
    let fields = fields(stream).await?;
    let mut heard = Heard { asked: format!("{method} {target}"), fields, ..Heard::default() };
    let odd = |why: &str| Err(Some(format!("{why}: {heard:?}")));
    let (lengths, codings) = (heard.all("content-length"), heard.all("transfer-encoding"));
    let hosts = heard.all("host").len();
    match (lengths.as_slice(), codings.as_slice()) {
        _ if hosts != 1 => return odd("no one host"),
        ([], []) => {}
        ([length], []) => {
            let Ok(length) = length.parse::<usize>() else { return odd("a length") };
            heard.body = exactly(stream, length).await?;
        }
        ([], ["chunked"]) => (heard.body, heard.trailers) = chunks(stream).await?,
        _ => return odd("framed twice"),
    }
    Ok(heard)
}

/// A line without its end, which is nothing else than the two bytes it should be.
async fn line(stream: &mut BufReader<TcpStream>) -> Result<String, Odd> {
    let mut line = Vec::new();
    match stream.read_until(b'\n', &mut line).await {
        Ok(1..) => {}
        _ => return Err(None),
    }
    let Some(text) = line.strip_suffix(b"\r\n") else { return Err(Some(format!("a line's end: {line:?}"))) };
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) || *byte >= 0x80 || *byte == b'\t';
    match text.iter().all(is_plain) {
        true => Ok(String::from_utf8_lossy(text).into_owned()),
        false => Err(Some(format!("a line: {line:?}"))),
    }
}

async fn fields(stream: &mut BufReader<TcpStream>) -> Result<Vec<(String, String)>, Odd> {
    let mut fields = Vec::new();
    loop {
        let line = line(stream).await?;
        if line.is_empty() {
            return Ok(fields);
        }
        let field = line.split_once(": ").filter(|(name, _)| !name.contains([' ', '\t', ':']));
        let Some((name, value)) = field else { return Err(Some(format!("a field: {line:?}"))) };
        fields.push((name.to_ascii_lowercase(), value.to_owned()));
    }
}

async fn exactly(stream: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>, Odd> {
    let mut body = vec![0; length];
    // The gateway cuts a body that broke off; whoever reads it so never has it for a whole one.
    stream.read_exact(&mut body).await.map_err(|_| None)?;
    Ok(body)
}

async fn chunks(stream: &mut BufReader<TcpStream>) -> Result<(Vec<u8>, Vec<(String, String)>), Odd> {
    let mut body = Vec::new();
    loop {
        let line = line(stream).await?;
        let size = usize::from_str_radix(&line, 16);
        let Ok(size) =
            size.map_err(|_| ()).and_then(|size| if line.starts_with('+') { Err(()) } else { Ok(size) })
        else {
            return Err(Some(format!("a chunk's size: {line:?}")));
        };
        if size == 0 {
            return Ok((body, fields(stream).await?));
        }
        body.extend(exactly(stream, size).await?);
        if exactly(stream, 2).await? != b"\r\n" {
            return Err(Some("a chunk's end".to_owned()));
        }
    }
}

//! What is said and heard on the wire.

use crate::provider::*;
use domain::{Fault, TenantId};
use http::{HeaderValue, StatusCode, header};
use outbound::{Answer, Call, OutboundError};
use std::collections::HashMap;

const OK: &str = "HTTP/1.1 200 OK\r\n";

async fn answer_to(words: impl Into<Vec<u8>>) -> Result<Answer, OutboundError> {
    let provider = Provider::saying(words).await;
    get(&client(development(), &[]), &provider.at("http", "127.0.0.1")).await
}

#[tokio::test]
async fn a_redirect_to_the_metadata_service_is_an_answer_and_is_not_followed() {
    let treasure = Provider::answering("treasure").await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        for to in ["http://169.254.169.254/latest/meta-data/".to_owned(), treasure.at("http", "127.0.0.1")] {
            let answer =
                answer_to(format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
            let answer = answer.await.unwrap();
            assert!(answer.status.is_redirection() && !answer.is_success(), "{status}");
        }
    }
    assert_eq!(treasure.visits(), 0);
}

#[tokio::test]
async fn a_fetch_says_who_we_are_and_asks_for_nothing_encoded() {
    let provider = Provider::answering("{}").await;
    let url = format!("{}realms/a?b=c%20d#never-sent", provider.at("http", "idp.localhost"));
    client(development(), &[]).send(Call::get_json(url.parse().unwrap())).await.unwrap();

    let heard = provider.heard();
    let mut lines: Vec<&str> = heard.trim_end().lines().collect();
    assert_eq!(lines.remove(0), "GET /realms/a?b=c%20d HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: idp.localhost:{}", provider.address.port());
    let agent = format!("user-agent: Partywall/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        ["accept-encoding: identity", "accept: application/json", "connection: close", &host, &agent]
    );
}

#[tokio::test]
async fn a_token_request_is_a_form_and_its_answer_is_json() {
    let provider = Provider::answering(r#"{"token_type":"Bearer"}"#).await;
    let fields = [("grant_type", "authorization_code"), ("code", "a b&c=d")];
    let call = Call::post_form(provider.at("http", "127.0.0.1").parse().unwrap(), fields)
        .header(header::AUTHORIZATION, HeaderValue::from_static("Basic xyz"))
        .for_tenant(TenantId::from_bits(7));
    let answer = client(development(), &[]).send(call).await.unwrap();

    let fields: HashMap<String, String> = answer.json().unwrap();
    assert_eq!(fields["token_type"], "Bearer");
    let heard = provider.heard();
    assert!(heard.starts_with("POST / HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("content-type: application/x-www-form-urlencoded\r\n"), "{heard}");
    assert!(heard.contains("authorization: Basic xyz\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\ngrant_type=authorization_code&code=a+b%26c%3Dd"), "{heard}");
}

#[tokio::test]
async fn json_is_sent_as_json() {
    let provider = Provider::answering("{}").await;
    let call =
        Call::post_json(provider.at("http", "127.0.0.1").parse().unwrap(), &serde_json::json!({"a": 1}));
    client(development(), &[]).send(call).await.unwrap();
    assert!(provider.heard().contains("content-type: application/json\r\n"));
    assert!(provider.heard().ends_with(r#"{"a":1}"#));
}

#[tokio::test]
async fn headers_that_frame_the_message_are_ours_alone() {
    let provider = Provider::answering("{}").await;
    let call = Call::post_json(provider.at("http", "127.0.0.1").parse().unwrap(), &serde_json::json!({}))
        .header(header::HOST, HeaderValue::from_static("admin.internal"))
        .header(header::CONTENT_LENGTH, HeaderValue::from_static("0"))
        .header(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))
        .header(header::EXPECT, HeaderValue::from_static("100-continue"));
    client(development(), &[]).send(call).await.unwrap();
    let heard = provider.heard();
    assert!(heard.contains("content-length: 2\r\n"), "{heard}");
    for absent in ["admin.internal", "chunked", "100-continue", "content-length: 0"] {
        assert!(!heard.contains(absent), "{heard}");
    }
}

#[tokio::test]
async fn nonsense_and_broken_answers_are_no_proper_answer() {
    for words in [
        String::new(),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "hello\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nbroken header\r\n\r\n".to_owned(),
        format!("{OK}Content-Length: 10\r\n\r\nshort"),
        format!("{OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        format!("{OK}Content-Length: -1\r\n\r\n"),
        format!("{OK}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello"),
        format!("{OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        format!("{OK}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x08"),
    ] {
        let failure = answer_to(words.clone()).await.unwrap_err();
        assert_eq!(failure.code(), "outbound.protocol", "{words:?}: {failure:?}");
        assert_eq!(failure.to_string(), "the other side gave no proper answer", "{words:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_refused_without_being_quoted() {
    let answer =
        answer_to(format!("{OK}Content-Length: 22\r\n\r\n{{\"a\": \"secret-token\"}} ")).await.unwrap();
    let failure = answer.json::<HashMap<String, u64>>().unwrap_err();
    assert_eq!(failure.code(), "outbound.protocol");
    assert!(!format!("{failure:?} {}", failure.for_log()).contains("secret"), "{failure:?}");
}

#[tokio::test]
async fn an_error_status_is_an_answer_with_a_body() {
    let answer = answer_to("HTTP/1.1 400 Bad\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::BAD_REQUEST, &b"no"[..]));
}

#[test]
fn neither_a_call_nor_an_answer_shows_its_secrets_when_it_is_printed() {
    let call = Call::post_form(
        "https://idp.example/token?code=secret".parse().unwrap(),
        [("client_secret", "secret")],
    )
    .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer secret"));
    let answer = Answer { status: StatusCode::OK, headers: call.headers.clone(), body: "secret".into() };
    let printed = format!("{call:?} {answer:?}");
    assert!(printed.contains("https://idp.example") && !printed.contains("secret"), "{printed}");
}

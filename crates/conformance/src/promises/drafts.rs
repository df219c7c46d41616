//! Drafts that keep the rules are taken; others are refused, with the status and the nonce that tell why.

use std::time::Duration;

use server::{Limits, Options};
use tokio::time::sleep;

use crate::{Client, Family, Http1, Lost, Posted, Request, Setup, Subject, Target, draft, next, post, soon};

/// The most octets of a draft.
const MAX_OCTETS: usize = 32 * 1024;

/// How many refusals one WebSocket is used for; the server closes it at 64 (1008).
const REFUSALS_PER_CLIENT: usize = 40;

/// The edges of the rules, from inside.
pub async fn a_draft_that_keeps_the_rules_is_taken<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    let users = [
        ("x".to_owned(), "x".to_owned()),
        ("\u{1f600}".repeat(32), "\u{1f600}".repeat(32)),
        (format!(" \t\u{a0}\u{3000}{}\u{2003}\n", "y".repeat(32)), "y".repeat(32)),
        ("two words".to_owned(), "two words".to_owned()),
    ];
    for (user, stored) in users {
        let posted = post(&mut client, &draft(&user, "hi", Some("n"))).await.message();
        assert_eq!(posted.user, stored, "the user {user:?} as it is stored");
    }
    let crlf = "ab\r\n".repeat(666) + "cd";
    for text in ["x", " x ", "\n\t.", "\u{200b}", &"\u{1f600}".repeat(2_000), &crlf] {
        let posted = post(&mut client, &draft("brian", text, None)).await.message();
        assert_eq!(posted.text, text.replace("\r\n", "\n"), "the text {text:?} as it is stored");
    }
    let long = "Az09_-".repeat(11);
    for nonce in ["a", "-", "_", &long[..64]] {
        let posted = post(&mut client, &draft("nonces", "hi", Some(nonce))).await.message();
        assert_eq!(posted.nonce.as_deref(), Some(nonce), "the nonce as it is stored");
    }
    let deep = format!(r#"{{"user":"brian","text":"deep","x":{}1{}}}"#, "[".repeat(127), "]".repeat(127));
    for json in [
        " \t\r\n{\"text\" : \"hi\" , \"user\" : \"brian\"} \n",
        r#"{"user":"brian","text":"hi","nonce":null,"id":7,"time":1,"missed":[{}],"":0}"#,
        r#"{"us\u0065r":"br\u0069an","text":"\ud83d\ude00\/"}"#,
        r#"{"user":"brian","text":"hi","x":1e300,"y":-0.0}"#,
        &deep,
    ] {
        let posted = post(&mut client, json.as_bytes()).await.message();
        assert_eq!((posted.user.as_str(), posted.nonce), ("brian", None), "what {json} comes to");
    }
    target.stop().await;
}

/// JSON that is no draft, or breaks a rule: `422`, with the nonce if that was valid.
pub async fn a_draft_that_breaks_a_rule_is_refused_with_422<S: Subject>() {
    let mut cases: Vec<(String, Option<&str>)> = Vec::new();
    for json in ["[]", "[{}]", "\"x\"", "1", "null", "true", "{}", r#"{"user":"a"}"#, r#"{"text":"a"}"#] {
        cases.push((json.to_owned(), None));
    }
    for members in [
        r#""user":1,"text":"a""#,
        r#""user":null,"text":"a""#,
        r#""user":"a","text":["a"]"#,
        r#""user":"a","text":null"#,
        r#""text":"a""#,
        r#""user":"a""#,
    ] {
        cases.push((format!(r#"{{{members},"nonce":"n-1"}}"#), Some("n-1")));
    }
    let (user33, text2001) = ("x".repeat(33), "\u{20ac}".repeat(2_001));
    for user in ["", " ", "\u{3000}\t\n", "a\u{0}b", "a\nb", "a\tb", "a\u{7f}b", "a\u{85}b", &user33] {
        cases.push((String::from_utf8(draft(user, "hi", Some("n-2"))).expect("JSON"), Some("n-2")));
    }
    for text in [
        "",
        " ",
        "\n\t\r\n",
        "\u{a0}\u{2028}",
        "a\u{0}",
        "a\rb",
        "\r\r\n a",
        "\u{1b}[31m",
        "a\u{7f}",
        "a\u{9f}",
        &text2001,
    ] {
        cases.push((String::from_utf8(draft("brian", text, Some("n-3"))).expect("JSON"), Some("n-3")));
    }
    let nonce65 = format!("\"{}\"", "n".repeat(65));
    for nonce in ["\"\"", "\"a b\"", "\"a.b\"", "\"\u{e9}\"", "\"a\\n\"", "1", "[]", "false", &nonce65] {
        cases.push((format!(r#"{{"user":"brian","text":"hi","nonce":{nonce}}}"#), None));
    }
    refused::<S>(422, cases).await;
}

/// What cannot be parsed: `400`.
pub async fn what_cannot_be_parsed_is_refused_with_400<S: Subject>() {
    let valid = r#""user":"brian","text":"hi""#;
    let deep = format!("{{{valid},\"x\":{}1{}}}", "[".repeat(128), "]".repeat(128));
    let only_deep = "[".repeat(20_000);
    let cases = [
        "",
        " ",
        "hi",
        "{",
        "{]",
        "user=brian&text=hi",
        r#"{"user":"brian","text":"hi"} x"#,
        r#"{"user":"brian","text":"hi"}{}"#,
        r#"{"user":"brian","text":"hi",}"#,
        r#"{'user':'brian','text':'hi'}"#,
        r#"{"user":"brian","text":"hi" /* */}"#,
        "\u{feff}{\"user\":\"brian\",\"text\":\"hi\"}",
        r#"{"user":"brian","user":"brian","text":"hi"}"#,
        r#"{"user":"brian","text":"hi","text":"ho","nonce":"n"}"#,
        r#"{"user":"brian","text":"hi","nonce":"n","nonce":"n"}"#,
        r#"{"user":"brian","text":"hi","x":1,"x":1}"#,
        r#"{"user":"brian","text":"hi","x":{"y":1,"y":1}}"#,
        r#"{"user":"brian","text":"\ud800"}"#,
        r#"{"user":"brian","text":"\udc00\ud800"}"#,
        r#"{"user":"brian","text":"hi","x":"\ud800"}"#,
        r#"{"user":"brian","text":"\x41"}"#,
        "{\"user\":\"brian\",\"text\":\"a\nb\"}",
        r#"{"user":"brian","text":"hi","x":NaN}"#,
        r#"{"user":"brian","text":"hi","x":01}"#,
        &deep,
        &only_deep,
    ];
    refused::<S>(400, cases.into_iter().map(|json| (json.to_owned(), None)).collect()).await;
}

async fn refused<S: Subject>(status: u16, cases: Vec<(String, Option<&str>)>) {
    let target = Target::<S>::start().await;
    for cases in cases.chunks(REFUSALS_PER_CLIENT) {
        let mut client = target.connect(None).await;
        for (json, nonce) in cases {
            let problem = post(&mut client, json.as_bytes()).await.problem();
            assert_eq!(
                (problem.status, problem.nonce.as_deref()),
                (status, *nonce),
                "{json} came to {problem:?}"
            );
        }
        let goes_on = post(&mut client, &draft("brian", "still here", Some("still"))).await.message();
        assert_eq!(goes_on.id, 1, "the connection goes on after refusals, and nothing was taken");
    }
    target.stop().await;
}

/// A draft has at most 32 KiB: one octet more is `413`, over a WebSocket the close code 1009.
pub async fn a_draft_that_is_too_large_is_refused<S: Subject>() {
    // The server lingers as long as it does, so that the answer is read before the connection goes.
    let target = Target::<S>::with(Setup::with_limits(Limits::default())).await;
    let of_size = |octets: usize| {
        let begin = r#"{"user":"brian","text":"hi","x":""#;
        format!("{begin}{}\"}}", "x".repeat(octets - begin.len() - 2)).into_bytes()
    };
    let posted = target.post(&of_size(MAX_OCTETS)).await.message();
    assert_eq!(posted.id, 1, "a draft of {MAX_OCTETS} octets is taken");
    for size in [MAX_OCTETS + 1, 2 * MAX_OCTETS, 300 * 1024] {
        let mut client = target.connect(None).await;
        match soon("the answer to a draft too large", client.post(&of_size(size))).await {
            Ok(Posted::Refused(problem)) if S::Client::FAMILY != Family::WebSocket => {
                assert_eq!((problem.status, problem.nonce), (413, None), "a draft of {size} octets");
            }
            Err(Lost::Closed { code: Some(1009), .. }) if S::Client::FAMILY == Family::WebSocket => {}
            other => panic!("a draft of {size} octets came to {other:?}"),
        }
    }
    if S::Client::FAMILY == Family::Http1 {
        // RFC 9112 §7.1: in chunks, the length is not known before.
        let mut chunked = format!(
            "POST /messages HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
            target.authority()
        )
        .into_bytes();
        for part in of_size(MAX_OCTETS + 1).chunks(1_000) {
            chunked.extend(format!("{:x}\r\n", part.len()).into_bytes());
            chunked.extend([part, b"\r\n"].concat());
        }
        chunked.extend(b"0\r\n\r\n");
        let response = crate::raw_request(target.address, &chunked).await;
        assert_eq!(response.problem().status, 413, "chunks of more than {MAX_OCTETS} octets: {response}");
        // A head that waits for 100 is answered before any content is sent (RFC 9110 §10.1.1).
        let mut http = Http1::connect(&target.link()).await.expect("the server accepts");
        let head = format!(
            "POST /messages HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\n\
             content-length: 32769\r\n\r\n",
            target.authority()
        );
        http.send_raw(head.as_bytes()).await.expect("a head is sent");
        let response = soon("the answer to a head", http.response_to("POST")).await.expect("an answer");
        assert_eq!(response.problem().status, 413, "by its length alone: {response}");
    }
    let all = next(&mut target.connect(None).await).await;
    assert_eq!(all.ids(), [1], "the log after drafts that were too large");
    target.stop().await;
}

/// Posts past the rate, of which a burst of twice as many is taken, get `429` and the time after which the next
/// one is taken. Every attempt counts.
pub async fn posts_that_come_too_fast_are_refused_with_429<S: Subject>() {
    let options = Options { post_rate: 1, ..Options::default() };
    let target = Target::<S>::with(Setup { options, ..Setup::default() }).await;
    let mut client = target.connect(None).await;
    next(&mut client).await;
    let mut problem = None;
    for attempt in 1..=20 {
        let nonce = format!("n-{attempt}");
        match post(&mut client, &draft("brian", "", Some(&nonce))).await {
            Posted::Refused(refusal) if refusal.status == 422 => {}
            Posted::Refused(refusal) if refusal.status == 429 => {
                assert!(attempt > 2, "attempt {attempt}, where 2 at once are taken: {refusal:?}");
                let echoed = (S::Client::FAMILY == Family::WebSocket).then_some(nonce);
                assert_eq!(refusal.nonce, echoed, "the nonce is known where the draft was read: {refusal:?}");
                problem = Some(refusal);
                break;
            }
            other => panic!("attempt {attempt} came to {other:?}"),
        }
    }
    let problem = problem.expect("20 attempts at once are too many where 1 a second is taken");
    let retry_after = problem.retry_after.expect("seconds");
    assert!((1..=2).contains(&retry_after), "at 1 a second the next is taken after 1 s: {problem:?}");

    // Over HTTP an address has a rate, over a WebSocket each connection.
    let elsewhere = target.post(&draft("dana", "hi", None)).await;
    match S::Client::FAMILY {
        Family::WebSocket => drop(elsewhere.message()),
        _ => assert_eq!(elsewhere.problem().status, 429, "another connection of the same address"),
    }
    sleep(Duration::from_secs(retry_after)).await;
    let posted = post(&mut client, &draft("brian", "hi", Some("later"))).await;
    assert!(matches!(posted, Posted::New(_)), "after {retry_after} s: {posted:?}");
    target.stop().await;
}

/// Over HTTP, content of another type than JSON is `415`; over a WebSocket, a binary message is 1003.
pub async fn content_of_another_type_is_refused<S: Subject>() {
    let target = Target::<S>::start().await;
    let valid = draft("brian", "hi", None);
    if S::Client::FAMILY == Family::WebSocket {
        let mut socket = crate::websocket::connect(target.address).await;
        let frame = crate::Frame::whole(crate::websocket::opcode::BINARY, valid);
        socket.send(&frame).await.expect("a frame is sent");
        let code = soon("a close code", socket.close_code()).await;
        assert_eq!(code.expect("a Close frame"), Some(1003), "a binary message");
    } else {
        let post = || Request::post(valid.clone()).without("content-type");
        for other in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json", "text/json", ""]
        {
            target.refusal(415, &post().with("content-type", other)).await;
        }
        target.refusal(415, &post()).await;
        for (id, json) in ["application/json;charset=utf-8", "Application/JSON", "application/json ; x=\"y\""]
            .iter()
            .enumerate()
        {
            let response = target.request(&post().with("content-type", *json)).await;
            assert_eq!(response.status, 201, "content of the type {json:?}, draft {id}: {response}");
        }
    }
    target.stop().await;
}

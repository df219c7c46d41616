//! The clients, one for each way to follow the log.

mod http2_streaming;
mod long_polling;
mod over_websocket;
mod polling;

pub use http2_streaming::Http2Streaming;
pub use long_polling::LongPolling;
pub use over_websocket::OverWebSocket;
pub use polling::Polling;

use crate::{
    Batch, Link, Lost, Message, Posted,
    http1::{Http1, Request, Response},
};

/// One request over an HTTP/1.1 connection of its own.
async fn http1_request(link: &Link, request: &Request) -> Result<Response, Lost> {
    let mut http = Http1::connect(link).await?;
    // A server may refuse and close before it has read all; the answer counts.
    let _ = http.send(request).await;
    Ok(http.response_to(&request.method).await?)
}

/// What the response to a post says.
fn posted(response: &Response) -> Posted {
    response.expect_common_fields("the answer to a post");
    match response.status {
        status @ (200 | 201) => {
            assert_eq!(
                response.field("content-type"),
                Some("application/json"),
                "content-type of {response}"
            );
            let message = Message::parse(response.text());
            if status == 201 { Posted::New(message) } else { Posted::Repeated(message) }
        }
        _ => Posted::Refused(response.problem()),
    }
}

/// The batch that a `200` carries as its content.
fn batch(response: &Response) -> Batch {
    response.expect_common_fields("a batch");
    assert_eq!(response.field("content-type"), Some("application/json"), "content-type of {response}");
    let batch = Batch::parse(response.text());
    assert!(batch.cursor.is_some(), "a batch without a cursor: {response}");
    batch
}

fn refused(response: Response) -> Lost {
    Lost::Refused(Box::new(response))
}

/// Whether a lost HTTP/1.1 connection was closed in good order, between two responses.
fn is_closed_between(lost: &Lost) -> bool {
    match lost {
        Lost::Connection(error) => matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionRefused
                | std::io::ErrorKind::UnexpectedEof
                | std::io::ErrorKind::BrokenPipe
                | std::io::ErrorKind::ConnectionReset
        ),
        _ => false,
    }
}

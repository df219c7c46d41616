//! The thin part that moves octets between the core and the socket.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    mem::{self, MaybeUninit},
    pin::Pin,
    task::{Context as TaskContext, Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use server::{Stream, limits};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::frame::{FrameHeader, Opcode};

/// How much is read at once. The buffer lives for the read only, so that an idle connection holds none.
const READ_BYTES: usize = 8 * 1024;

/// What happened at the socket.
pub(crate) enum Progress {
    /// It has taken all output.
    Written,
    /// There are octets to judge.
    Read,
    /// The peer has closed its sending side.
    End,
}

/// A socket with the output that it has not taken yet.
pub(crate) struct Socket {
    pub(crate) io: Stream,
    /// Octets that came, and are not judged yet.
    pub(crate) input: BytesMut,
    output: Output,
}

impl Socket {
    /// `early` came with the opening handshake.
    pub(crate) fn new(io: Stream, early: Bytes) -> Self {
        Self { io, input: BytesMut::from(early), output: Output::default() }
    }

    /// Where answers and control frames are appended.
    pub(crate) fn answers(&mut self) -> &mut BytesMut {
        if self.output.batch.is_empty() { &mut self.output.before } else { &mut self.output.after }
    }

    /// Sends `json` as a text message after all that was appended before. It is not copied.
    pub(crate) fn send_batch(&mut self, json: Bytes) {
        let header = FrameHeader::new(Opcode::Text, json.len() as u64, None);
        header.encode(&mut self.output.before);
        self.output.batch = json;
    }

    /// Whether the socket has taken all output.
    pub(crate) fn is_written(&self) -> bool {
        !self.output.has_remaining()
    }

    /// Whether the peer leaves so many answers unread that it is not listened to.
    pub(crate) fn is_full(&self) -> bool {
        self.output.before.len() + self.output.after.len() > limits::MAX_UNREAD_ANSWERS_BYTES
    }

    /// Writes what there is and reads what comes, whichever gets on. Cancel safe.
    ///
    /// # Errors
    ///
    /// The connection failed, or the peer took nothing for [`server::Limits::stalled`].
    pub(crate) async fn progress(&mut self) -> io::Result<Progress> {
        poll_fn(|cx| {
            if !self.is_written() && self.poll_write(cx)?.is_ready() {
                return Poll::Ready(Ok(Progress::Written));
            }
            if self.is_full() {
                Poll::Pending
            } else if self.input.is_empty() {
                self.poll_read(cx)
            } else {
                // Left there when the output was full.
                Poll::Ready(Ok(Progress::Read))
            }
        })
        .await
    }

    /// Ready when all output is taken.
    pub(crate) fn poll_write(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        while self.output.has_remaining() {
            let mut slices = [IoSlice::new(&[]); 3];
            let count = self.output.chunks_vectored(&mut slices);
            let slices = slices.get(..count).unwrap_or_default();
            let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.output.advance(written);
        }
        self.output = Output::default();
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Progress>> {
        let mut memory = [MaybeUninit::uninit(); READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut memory);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Ok(Progress::End));
        }
        self.input.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(Progress::Read))
    }

    /// Gives back the input's memory where all of it is judged.
    pub(crate) fn release_input(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }
}

/// At most one batch, and answers and control frames around it, in the order in which they go out.
#[derive(Default)]
struct Output {
    before: BytesMut,
    batch: Bytes,
    after: BytesMut,
}

impl Buf for Output {
    fn remaining(&self) -> usize {
        self.before.len() + self.batch.len() + self.after.len()
    }

    fn chunk(&self) -> &[u8] {
        [&self.before[..], &self.batch[..], &self.after[..]]
            .into_iter()
            .find(|part| !part.is_empty())
            .unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let parts = [&self.before[..], &self.batch[..], &self.after[..]];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        slices.iter_mut().zip(parts).map(|(slice, part)| *slice = IoSlice::new(part)).count()
    }

    fn advance(&mut self, mut octets: usize) {
        let before = octets.min(self.before.len());
        self.before.advance(before);
        octets -= before;
        let batch = octets.min(self.batch.len());
        self.batch.advance(batch);
        octets -= batch;
        self.after.advance(octets);
        if self.batch.is_empty() && self.before.is_empty() {
            self.before = mem::take(&mut self.after);
        }
    }
}

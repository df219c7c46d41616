//! A client that follows and does not read: what it costs the server, and what the others notice.

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

use super::{Report, http2::Http2, stage::Stage, websocket};
use crate::{
    machine::{process::resident, sockets::Sockets},
    record::{SlowReader, Transport},
};

/// How often the server's memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

impl Stage {
    /// A steady load beside a client that does not read.
    pub(super) async fn slow_reader(self) -> io::Result<Report> {
        let target = self.following.target.clone().with_small_buffer();
        let _held: Box<dyn std::any::Any> = match self.following.transport {
            Transport::Websocket => Box::new(websocket::hold(&target, false).await?),
            Transport::SocketIoWebsocket => Box::new(websocket::hold(&target, true).await?),
            Transport::Http2Streaming => {
                Box::new(Http2::connect_slow(&target).await?.get("/messages").await?)
            }
            Transport::CourseHttp2 => Box::new(Http2::connect_slow(&target).await?.get("/msgs").await?),
            _ => return Err(io::Error::other("a transport of requests has no client that is slow to read")),
        };
        let found = Rc::new(RefCell::new(SlowReader::default()));
        let looking = tokio::task::spawn_local(look(
            self.plan.server_port,
            self.plan.pid,
            found.clone(),
            self.clock.clone(),
        ));
        let parameters = &self.plan.parameters;
        let offered = self.messages as u64 * u64::from(parameters.payload_octets);
        let mut report = self.steady().await?;
        looking.abort();
        let found = SlowReader { offered, ..found.borrow().clone() };
        report.run.slow_reader = Some(found);
        Ok(report)
    }
}

/// Looks until it is stopped.
async fn look(
    port: u16,
    pid: u32,
    found: Rc<RefCell<SlowReader>>,
    clock: crate::clock::Clock,
) -> io::Result<()> {
    let (begin, before, at_first) = (Instant::now(), resident(pid)?, Sockets::of_server(port)?);
    loop {
        clock.sleep(LOOK).await;
        let (memory, sockets) = (resident(pid)?, Sockets::of_server(port)?);
        let mut found = found.borrow_mut();
        found.resident_peak = found.resident_peak.max(memory.saturating_sub(before));
        found.kernel_peak = found.kernel_peak.max(sockets.buffers.saturating_sub(at_first.buffers));
        if sockets.connected < at_first.connected && found.dropped_after_s.is_none() {
            found.dropped_after_s = Some(begin.elapsed().as_secs_f64());
        }
    }
}

//! TCP sockets as the kernel's `sock_diag` shows them: segments counted, buffers held.

use std::{fs, io, net::SocketAddr};

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, IPPROTO_TCP},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags, nlas::Nla},
};
use netlink_sys::{Socket, SocketAddr as NetlinkAddress, protocols::NETLINK_SOCK_DIAG};

/// What one answer of the kernel is read into.
const RECEIVE_BYTES: usize = 256 * 1024;

/// Sockets of one port, or of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sockets {
    /// How many are connected.
    pub connected: u64,
    /// Octets the kernel holds in their buffers: what was received and not read, sent and not acknowledged, and what
    /// it has set aside (`sk_rmem_alloc`, `sk_wmem_queued`, `sk_forward_alloc`). The socket's own structures are not in
    /// it: see [`structure_octets`].
    pub buffers: u64,
    /// Segments sent, acknowledgements included.
    pub segments_out: u64,
    /// Segments received.
    pub segments_in: u64,
}

impl Sockets {
    /// The connections of the server that listens on `port`, at its end.
    ///
    /// # Errors
    ///
    /// The kernel has no `sock_diag`, or it is not allowed.
    pub fn of_server(port: u16) -> io::Result<Self> {
        ask(SocketId { source_port: port, ..SocketId::new_v4() })
    }

    /// One connection, at the end that has the address `local`.
    ///
    /// # Errors
    ///
    /// As above.
    pub fn of_client(local: SocketAddr, remote: SocketAddr) -> io::Result<Self> {
        ask(SocketId { source_port: local.port(), destination_port: remote.port(), ..SocketId::new_v4() })
    }

    fn add(&mut self, nlas: &[Nla]) {
        self.connected += 1;
        for nla in nlas {
            match nla {
                Nla::TcpInfo(info) => {
                    self.segments_out += u64::from(info.segs_out);
                    self.segments_in += u64::from(info.segs_in);
                }
                Nla::MemInfo(memory) => {
                    let held = [memory.receive_queue, memory.send_queue, memory.cache];
                    self.buffers += held.map(u64::from).iter().sum::<u64>();
                }
                _ => {}
            }
        }
    }
}

/// What the kernel keeps for an open TCP socket beside its buffers (octets): the socket, its inode and directory entry, the
/// open file; 0 if it does not tell, as it tells only root.
pub fn structure_octets() -> u64 {
    let size = |name: &str| {
        let text = fs::read_to_string(format!("/sys/kernel/slab/{name}/slab_size")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    let sizes = ["TCP", "sock_inode_cache", "dentry", "filp"].map(size);
    sizes.into_iter().sum::<Option<u64>>().unwrap_or(0)
}

/// Asks for all connected IPv4 sockets with these ports; a port of 0 is any.
fn ask(socket_id: SocketId) -> io::Result<Sockets> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&NetlinkAddress::new(0, 0))?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest {
        family: AF_INET,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::INFO | ExtensionFlags::SKMEMINFO,
        states: StateFlags::ESTABLISHED | StateFlags::CLOSE_WAIT,
        socket_id,
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut octets = vec![0; message.buffer_len()];
    message.serialize(&mut octets);
    socket.send(&octets, 0)?;
    let mut sockets = Sockets::default();
    let mut received = vec![0; RECEIVE_BYTES];
    loop {
        let length = socket.recv(&mut &mut received[..], 0)?;
        let mut rest = received.get(..length).unwrap_or_default();
        while !rest.is_empty() {
            let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest).map_err(io::Error::other)?;
            match message.payload {
                NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(answer)) => {
                    sockets.add(&answer.nlas);
                }
                NetlinkPayload::Done(_) => return Ok(sockets),
                NetlinkPayload::Error(error) => return Err(error.to_io()),
                _ => {}
            }
            let step = usize::try_from(message.header.length).unwrap_or(usize::MAX).next_multiple_of(4);
            rest = rest.get(step..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn the_kernel_tells_segments_and_buffers_of_both_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(server).unwrap();
        let (mut accepted, local) = listener.accept().unwrap();
        client.write_all(b"ask").unwrap();
        accepted.read_exact(&mut [0; 3]).unwrap();
        let here = Sockets::of_client(local, server).unwrap();
        assert_eq!(here.connected, 1);
        // SYN, ACK, data out; SYN ACK, and perhaps an ACK, in.
        assert!(here.segments_out >= 3 && here.segments_in >= 1, "{here:?}");
        accepted.write_all(&[0; 100_000]).unwrap();
        let there = Sockets::of_server(server.port()).unwrap();
        assert_eq!(there.connected, 1);
        let both = there.buffers + Sockets::of_client(local, server).unwrap().buffers;
        assert!(both >= 100_000, "100,000 octets wait somewhere: {there:?}");
        assert_eq!(Sockets::of_server(1).unwrap(), Sockets::default());
        // More than a socket of any kernel has had for ten years, or not told.
        assert!(structure_octets() == 0 || structure_octets() > 2_000, "{}", structure_octets());
    }
}

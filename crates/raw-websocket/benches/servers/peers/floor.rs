//! The floor: what the kernel asks for. One thread, one epoll set, and a `send` of the same octets to each client.
//!
//! It reads no JSON: it puts an id before the draft's first member. It has no limits, and keeps what a socket does not
//! take without end.

use std::{io, mem::take, net::Ipv4Addr};

use bytes::BytesMut;
use memchr::memmem;
use raw_websocket::{
    frame::{FrameHeader, Opcode, Role, encode_frame, parse_length, parse_masking_key, parse_start},
    handshake::derive_accept_key,
    mask::apply_mask,
};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::Errno,
    net::{self, AddressFamily, RecvFlags, SendFlags, SocketAddrV4, SocketFlags, SocketType, sockopt},
};

use super::announce;
use crate::Outcome;

/// What is sent how.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sends {
    /// Each message to all, a `send` a client.
    Each,
    /// All messages that one turn of the loop has read, to all with one `send` a client.
    Gathered,
    /// Each message back to who sent it.
    Back,
}

const LISTENER: u64 = u64::MAX;
const BACKLOG: i32 = 4096;
const READ_BYTES: usize = 256 * 1024;
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

struct Client {
    socket: OwnedFd,
    open: bool,
    /// What has not come whole.
    partial: Vec<u8>,
    /// What the socket has not taken.
    unsent: Vec<u8>,
}

struct Floor {
    sends: Sends,
    epoll: OwnedFd,
    clients: Vec<Option<Client>>,
    vacant: Vec<usize>,
    ids: u64,
    /// Frames for all, each of these with one `send`.
    output: Vec<BytesMut>,
}

pub(super) fn serve(sends: Sends) -> Outcome<()> {
    let listener = net::socket_with(AddressFamily::INET, SocketType::STREAM, FLAGS, None)?;
    net::bind(&listener, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
    net::listen(&listener, BACKLOG)?;
    announce(net::getsockname(&listener)?.try_into()?);
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let (clients, vacant, output) = (Vec::new(), Vec::new(), Vec::new());
    let mut floor = Floor { sends, epoll, clients, vacant, ids: 0, output };
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
    let mut input = vec![0; READ_BYTES];
    loop {
        events.clear();
        match epoll::wait(&floor.epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let (data, flags) = (event.data, event.flags);
            if data.u64() == LISTENER {
                floor.accept(&listener)?;
            } else {
                floor.turn(usize::try_from(data.u64())?, flags, &mut input);
            }
        }
        floor.broadcast();
    }
}

impl Floor {
    fn accept(&mut self, listener: &OwnedFd) -> io::Result<()> {
        while let Ok(socket) = net::accept_with(listener, FLAGS) {
            sockopt::set_tcp_nodelay(&socket, true)?;
            let index = self.vacant.pop().unwrap_or(self.clients.len());
            epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), EventFlags::IN)?;
            let client = Some(Client { socket, open: false, partial: Vec::new(), unsent: Vec::new() });
            match self.clients.get_mut(index) {
                Some(place) => *place = client,
                None => self.clients.push(client),
            }
        }
        Ok(())
    }

    fn turn(&mut self, index: usize, flags: EventFlags, input: &mut [u8]) {
        let Some(mut client) = self.clients[index].take() else { return };
        let can_read = flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR);
        let goes_on = (!flags.contains(EventFlags::OUT) || client.send_unsent(&self.epoll, index))
            && (!can_read || self.read(&mut client, index, input));
        if goes_on {
            self.clients[index] = Some(client);
            // The one that is read is sent to as well: it had to be back.
            if self.sends == Sends::Each {
                self.broadcast();
            }
        } else {
            self.vacant.push(index);
        }
    }

    /// False when the client is gone.
    fn read(&mut self, client: &mut Client, index: usize, input: &mut [u8]) -> bool {
        let count = match net::recv(&client.socket, &mut *input, RecvFlags::empty()) {
            Ok((_, count)) if count > 0 => count,
            Err(Errno::AGAIN | Errno::INTR) => return true,
            _ => return false,
        };
        let mut partial = take(&mut client.partial);
        let octets = if partial.is_empty() {
            &mut input[..count]
        } else {
            partial.extend_from_slice(&input[..count]);
            &mut partial[..]
        };
        let mut taken = 0;
        if !client.open {
            let Some(end) = memmem::find(octets, b"\r\n\r\n") else {
                client.partial = octets.to_vec();
                return true;
            };
            client.open = client.send(&self.epoll, index, answer(&octets[..end]).as_bytes());
            taken = end + 4;
        }
        while let Some((header, header_len)) = header(&octets[taken..]) {
            let len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
            let Some(payload) = octets[taken + header_len..].get_mut(..len) else { break };
            apply_mask(payload, header.masking_key.unwrap_or_default(), 0);
            taken += header_len + len;
            if !self.hear(client, index, header.opcode, payload) {
                return false;
            }
        }
        client.partial = octets[taken..].to_vec();
        true
    }

    /// False when the client has said Close.
    fn hear(&mut self, client: &mut Client, index: usize, opcode: Opcode, payload: &[u8]) -> bool {
        let mut back = BytesMut::new();
        match opcode {
            Opcode::Close => {
                encode_frame(Opcode::Close, payload, None, &mut back);
                client.send(&self.epoll, index, &back);
                return false;
            }
            Opcode::Text if self.sends == Sends::Back => {
                encode_frame(Opcode::Text, payload, None, &mut back);
                return client.send(&self.epoll, index, &back);
            }
            Opcode::Text => {
                self.ids += 1;
                let mut message = format!(r#"{{"messages":[{{"id":{},"#, self.ids).into_bytes();
                message.extend_from_slice(payload.get(1..).unwrap_or(b"}"));
                message.extend_from_slice(b"]}");
                if self.sends == Sends::Each || self.output.is_empty() {
                    self.output.push(BytesMut::new());
                }
                if let Some(output) = self.output.last_mut() {
                    encode_frame(Opcode::Text, &message, None, output);
                }
            }
            _ => {}
        }
        true
    }

    fn broadcast(&mut self) {
        for frames in take(&mut self.output) {
            for (index, place) in self.clients.iter_mut().enumerate() {
                if let Some(client) = place
                    && client.open
                    && !client.send(&self.epoll, index, &frames)
                {
                    *place = None;
                    self.vacant.push(index);
                }
            }
        }
    }
}

impl Client {
    /// Sends what the socket takes and keeps the rest. False when the connection has failed.
    fn send(&mut self, epoll: &OwnedFd, index: usize, mut octets: &[u8]) -> bool {
        while self.unsent.is_empty() && !octets.is_empty() {
            match net::send(&self.socket, octets, SendFlags::NOSIGNAL) {
                Ok(sent) => octets = &octets[sent..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => return false,
            }
        }
        if self.unsent.is_empty() && !octets.is_empty() {
            let flags = EventFlags::IN | EventFlags::OUT;
            let _ = epoll::modify(epoll, &self.socket, EventData::new_u64(index as u64), flags);
        }
        self.unsent.extend_from_slice(octets);
        true
    }

    /// The socket takes more now. False when the connection has failed.
    fn send_unsent(&mut self, epoll: &OwnedFd, index: usize) -> bool {
        let _ = epoll::modify(epoll, &self.socket, EventData::new_u64(index as u64), EventFlags::IN);
        let unsent = take(&mut self.unsent);
        self.send(epoll, index, &unsent)
    }
}

fn header(octets: &[u8]) -> Option<(FrameHeader, usize)> {
    let start = parse_start(octets, false).ok()??;
    let length = parse_length(octets, start, Role::Server).ok()??;
    parse_masking_key(octets, start, length)
}

/// The answer to an opening handshake, which is not judged.
fn answer(head: &[u8]) -> String {
    let field = |name: &str| {
        let mut lines = head.split(|&octet| octet == b'\n').skip(1);
        lines.find_map(|line| {
            let (field, value) = line.split_at_checked(name.len() + 1)?;
            field.strip_suffix(b":")?.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
        })
    };
    let accept = derive_accept_key(field("sec-websocket-key").unwrap_or_default());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {accept}\r\nsec-websocket-protocol: json\r\n\r\n"
    )
}

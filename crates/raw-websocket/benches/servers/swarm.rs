//! Many clients on one thread: one epoll set, one buffer to read into, and what one client holds is small.
//!
//! The opening handshake and the frames' headers are read by the client role of the crate's own core, so a server
//! that breaks a rule ends the measurement.

use std::{
    mem::take,
    net::{Ipv4Addr, SocketAddrV4},
    time::Duration,
};

use bytes::BytesMut;
use raw_websocket::frame::{self, FrameHeader, Opcode, Role, encode_frame};
use rustix::{
    event::epoll::{self, EventData, EventFlags},
    fd::OwnedFd,
    io::Errno,
    net::{self, AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt},
};

use crate::{Outcome, opening::Opening};

/// Frames masked by a key that needs not be a secret here.
const ROLE: Role = Role::Client { masking_key: || [0x37, 0xfa, 0x21, 0x3d] };

/// How much is read at once.
const READ_BYTES: usize = 256 * 1024;

/// Connections from one source address: there are 28,000 ports, and those of closed connections rest for a minute.
const CONNECTIONS_AN_ADDRESS: usize = 4_000;

/// Source addresses, 127.0.0.1 and the next.
const ADDRESSES: usize = 16;

/// What a client has heard.
pub(crate) enum Heard<'a> {
    /// The answer to its opening handshake.
    Opened,
    /// A text message, inflated.
    Text(&'a [u8]),
    /// The server's Close.
    Close,
    /// The end of the connection.
    Gone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Opening,
    Open,
    Gone,
}

struct Client {
    socket: Option<OwnedFd>,
    state: State,
    /// Octets of a frame, or of the answer's head, that has not come whole.
    partial: Vec<u8>,
    output: BytesMut,
    flags: EventFlags,
}

pub(crate) struct Swarm {
    address: SocketAddrV4,
    opening: Opening,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    input: Vec<u8>,
    clients: Vec<Client>,
    connected: usize,
    /// Clients that are open.
    pub(crate) open: usize,
    /// Octets that came.
    pub(crate) heard_bytes: u64,
}

impl Swarm {
    /// Clients of the server at `address`, none yet; `deflate`: they offer permessage-deflate and must get it.
    pub(crate) fn new(address: SocketAddrV4, deflate: bool) -> Outcome<Self> {
        Ok(Self {
            address,
            opening: Opening::new(address, deflate),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(1024),
            input: vec![0; READ_BYTES],
            clients: Vec::new(),
            connected: 0,
            open: 0,
            heard_bytes: 0,
        })
    }

    /// Clients that were added, gone ones too.
    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Adds a client and begins its connection: gives its number.
    pub(crate) fn add(&mut self) -> Outcome<usize> {
        let (partial, output) = (Vec::new(), BytesMut::new());
        let flags = EventFlags::empty();
        self.clients.push(Client { socket: None, state: State::Gone, partial, output, flags });
        self.connect(self.clients.len() - 1, "/messages")?;
        Ok(self.clients.len() - 1)
    }

    /// Begins a client's connection, which is gone or was not yet.
    pub(crate) fn connect(&mut self, index: usize, target: &str) -> Outcome<()> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        let last = u8::try_from(self.connected / CONNECTIONS_AN_ADDRESS % ADDRESSES)? + 1;
        if last > 1 {
            // Ports of connections that rest may be taken again.
            sockopt::set_socket_reuseaddr(&socket, true)?;
            net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 0))?;
        }
        self.connected += 1;
        match net::connect(&socket, &self.address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = EventFlags::OUT;
        epoll::add(&self.epoll, &socket, EventData::new_u64(index as u64), flags)?;
        let client = &mut self.clients[index];
        client.partial.clear();
        client.output = BytesMut::from(&self.opening.request(target)[..]);
        (client.socket, client.state, client.flags) = (Some(socket), State::Connecting, flags);
        Ok(())
    }

    /// Appends a message to a client's output; [`flush`](Self::flush) sends it.
    pub(crate) fn say(&mut self, index: usize, opcode: Opcode, payload: &[u8]) {
        encode_frame(opcode, payload, ROLE.masking_key(), &mut self.clients[index].output);
    }

    /// Sends a client's output, as much as the socket takes; the rest goes in later turns.
    pub(crate) fn flush(&mut self, index: usize) -> Outcome<()> {
        let client = &mut self.clients[index];
        let Some(socket) = &client.socket else { return Ok(()) };
        while !client.output.is_empty() {
            match net::send(socket, &client.output, SendFlags::NOSIGNAL) {
                Ok(sent) => drop(client.output.split_to(sent)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                // It is gone, and reading will tell.
                Err(_) => client.output.clear(),
            }
        }
        let mut flags = client.flags;
        flags.set(EventFlags::OUT, !client.output.is_empty());
        self.listen(index, flags)
    }

    /// Stops reading from a client's socket, or begins again.
    pub(crate) fn set_reading(&mut self, index: usize, reading: bool) -> Outcome<()> {
        let mut flags = self.clients[index].flags;
        flags.set(EventFlags::IN, reading);
        self.listen(index, flags)
    }

    fn listen(&mut self, index: usize, flags: EventFlags) -> Outcome<()> {
        let client = &mut self.clients[index];
        if let Some(socket) = &client.socket
            && client.flags != flags
        {
            let data = EventData::new_u64(index as u64);
            if flags.is_empty() {
                // With no flags it would still tell of errors, over and over.
                epoll::delete(&self.epoll, socket)?;
            } else if client.flags.is_empty() {
                epoll::add(&self.epoll, socket, data, flags)?;
            } else {
                epoll::modify(&self.epoll, socket, data, flags)?;
            }
            client.flags = flags;
        }
        Ok(())
    }

    /// Ends a client's connection at once.
    pub(crate) fn hang_up(&mut self, index: usize) {
        let client = &mut self.clients[index];
        self.open -= usize::from(client.state == State::Open);
        (client.socket, client.state) = (None, State::Gone);
    }

    /// Ends all connections at once.
    pub(crate) fn hang_up_all(&mut self) {
        (0..self.clients.len()).for_each(|index| self.hang_up(index));
    }

    /// Waits until something happens, at most for `wait`, and reads once from each client that has something.
    pub(crate) fn turn(&mut self, wait: Duration, heard: &mut impl FnMut(usize, Heard<'_>)) -> Outcome<()> {
        let mut events = take(&mut self.events);
        events.clear();
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait.try_into()?)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut input = take(&mut self.input);
        for event in &events {
            let (data, flags) = (event.data, event.flags);
            let index = usize::try_from(data.u64())?;
            if flags.contains(EventFlags::OUT) {
                if self.clients[index].state == State::Connecting {
                    self.clients[index].state = State::Opening;
                    self.clients[index].flags = EventFlags::IN | EventFlags::OUT;
                }
                self.flush(index)?;
            }
            let reads = self.clients[index].flags.contains(EventFlags::IN);
            if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) && reads {
                self.read(index, &mut input, heard)?;
            }
        }
        (self.events, self.input) = (events, input);
        Ok(())
    }

    fn read(
        &mut self,
        index: usize,
        input: &mut [u8],
        heard: &mut impl FnMut(usize, Heard<'_>),
    ) -> Outcome<()> {
        let client = &mut self.clients[index];
        let Some(socket) = &client.socket else { return Ok(()) };
        let count = match net::recv(socket, &mut *input, RecvFlags::empty()) {
            Ok((_, count)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(_) => 0,
        };
        if count == 0 {
            self.hang_up(index);
            heard(index, Heard::Gone);
            return Ok(());
        }
        self.heard_bytes += count as u64;
        // Most often frames come whole, and are read where they are.
        let mut partial = take(&mut client.partial);
        let octets = if partial.is_empty() {
            &input[..count]
        } else {
            partial.extend_from_slice(&input[..count]);
            &partial[..]
        };
        let taken = self.take_in(index, octets, heard)?;
        self.clients[index].partial = octets[taken..].to_vec();
        Ok(())
    }

    /// Takes what has come whole: gives how many octets that was.
    fn take_in(
        &mut self,
        index: usize,
        octets: &[u8],
        heard: &mut impl FnMut(usize, Heard<'_>),
    ) -> Outcome<usize> {
        let mut taken = 0;
        if self.clients[index].state == State::Opening {
            let Some(head) = self.opening.judge(octets)? else { return Ok(0) };
            taken = head;
            self.clients[index].state = State::Open;
            self.open += 1;
            heard(index, Heard::Opened);
        }
        while let Some((header, header_len)) = self.header(&octets[taken..])? {
            let payload = usize::try_from(header.payload_len)?;
            let Some(payload) = octets[taken + header_len..].get(..payload) else { break };
            taken += header_len + payload.len();
            match header.opcode {
                Opcode::Text if header.fin && header.rsv1 => {
                    heard(index, Heard::Text(self.opening.inflate(payload)?));
                }
                Opcode::Text if header.fin => heard(index, Heard::Text(payload)),
                Opcode::Ping => {
                    self.say(index, Opcode::Pong, payload);
                    self.flush(index)?;
                }
                Opcode::Pong => {}
                Opcode::Close => heard(index, Heard::Close),
                _ => return Err("the server sent a fragment or a binary message".into()),
            }
        }
        Ok(taken)
    }

    fn header(&self, octets: &[u8]) -> Outcome<Option<(FrameHeader, usize)>> {
        let Some(start) = frame::parse_start(octets, self.opening.deflates())? else { return Ok(None) };
        let Some(length) = frame::parse_length(octets, start, ROLE)? else { return Ok(None) };
        Ok(frame::parse_masking_key(octets, start, length))
    }
}

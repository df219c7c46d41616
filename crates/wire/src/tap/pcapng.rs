//! What is kept as a capture that Wireshark opens: a TCP connection for each of the tap's, with headers that are made
//! up and fit together. What TLS hid stands there in plain, on port 80.

use std::{borrow::Cow, collections::BTreeMap};

use etherparse::{PacketBuilder, TcpHeader};
use pcap_file::{
    DataLink, PcapError, PcapResult,
    pcapng::{
        PcapNgWriter,
        blocks::{
            enhanced_packet::EnhancedPacketBlock,
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
        },
    },
};

use crate::{Clock, explain::Side};

use super::journal::Kept;

/// Octets of a segment at most.
const SEGMENT_BYTES: usize = 16 * 1024;

/// Where Wireshark takes a connection for HTTP, of version 2 by its preface.
const SERVER_PORT: u16 = 80;

/// The first of the ports from which clients come, one for each connection.
const CLIENT_PORT: u16 = 10_000;

/// How many there are; then they begin anew.
const CLIENT_PORTS: u64 = 50_000;

const CLIENT: ([u8; 6], [u8; 4]) = ([2, 0, 0, 0, 0, 1], [10, 0, 0, 1]);
const SERVER: ([u8; 6], [u8; 4]) = ([2, 0, 0, 0, 0, 2], [10, 0, 0, 2]);

/// A connection as far as it is written.
#[derive(Debug, Default)]
struct Sequence {
    client: u32,
    server: u32,
}

impl Sequence {
    const fn next(&mut self, side: Side) -> &mut u32 {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// The capture of what is kept.
///
/// # Errors
///
/// None but those of an encoder that refuses its input.
pub(super) fn capture(kept: &[Kept], clock: &Clock) -> PcapResult<Vec<u8>> {
    let mut kept: Vec<_> = kept.iter().collect();
    kept.sort_by(|a, b| a.event.at.total_cmp(&b.event.at));
    let mut writer = PcapNgWriter::new(Vec::new())?;
    let options = vec![
        InterfaceDescriptionOption::IfName(Cow::Borrowed("crosstalk")),
        InterfaceDescriptionOption::IfTsResol(9),
    ];
    writer.write_pcapng_block(InterfaceDescriptionBlock {
        linktype: DataLink::ETHERNET,
        snaplen: 0,
        options,
    })?;
    let mut capture = Capture { writer, clock, sequences: BTreeMap::new() };
    for kept in kept {
        capture.event(kept)?;
    }
    Ok(capture.writer.into_inner())
}

struct Capture<'a> {
    writer: PcapNgWriter<Vec<u8>>,
    clock: &'a Clock,
    sequences: BTreeMap<u64, Sequence>,
}

impl Capture<'_> {
    fn event(&mut self, kept: &Kept) -> PcapResult<()> {
        let event = &kept.event;
        let Some(connection) = event.connection else { return Ok(()) };
        if let (Some(captured), Some(side)) = (&kept.captured, event.from) {
            self.shake_hands(connection, event.at)?;
            for octets in captured.octets.chunks(SEGMENT_BYTES) {
                self.segment(connection, side, event.at, octets, |header| header.psh = true)?;
            }
        } else if event.kind == "closed" && self.sequences.contains_key(&connection) {
            let is_closed = event.name == "closed";
            for side in [event.from.unwrap_or(Side::Client), event.from.unwrap_or(Side::Client).peer()] {
                self.segment(connection, side, event.at, &[], |header| {
                    header.fin = is_closed;
                    header.rst = !is_closed;
                })?;
                if !is_closed {
                    break;
                }
            }
            self.sequences.remove(&connection);
        }
        Ok(())
    }

    /// The handshake, before the first segment of a connection. The numbers of both sides begin with 0, and go on as if
    /// what was forgotten had never been there.
    fn shake_hands(&mut self, connection: u64, at: f64) -> PcapResult<()> {
        if self.sequences.contains_key(&connection) {
            return Ok(());
        }
        self.sequences.insert(connection, Sequence::default());
        self.segment(connection, Side::Client, at, &[], |header| {
            header.syn = true;
            header.ack = false;
        })?;
        self.segment(connection, Side::Server, at, &[], |header| header.syn = true)?;
        self.segment(connection, Side::Client, at, &[], |_| {})
    }

    fn segment(
        &mut self,
        connection: u64,
        side: Side,
        at: f64,
        octets: &[u8],
        flags: impl FnOnce(&mut TcpHeader),
    ) -> PcapResult<()> {
        let port = CLIENT_PORT + u16::try_from(connection % CLIENT_PORTS).unwrap_or_default();
        let sequence = self.sequences.entry(connection).or_default();
        let acknowledged = *sequence.next(side.peer());
        let next = sequence.next(side);
        let (source, destination, ports) = match side {
            Side::Client => (CLIENT, SERVER, (port, SERVER_PORT)),
            Side::Server => (SERVER, CLIENT, (SERVER_PORT, port)),
        };
        let mut header = TcpHeader::new(ports.0, ports.1, *next, u16::MAX);
        header.ack = true;
        flags(&mut header);
        header.acknowledgment_number = if header.ack { acknowledged } else { 0 };
        let counted = u32::try_from(octets.len()).unwrap_or_default() + u32::from(header.syn || header.fin);
        *next = next.wrapping_add(counted);
        let mut packet = Vec::new();
        PacketBuilder::ethernet2(source.0, destination.0)
            .ipv4(source.1, destination.1, 64)
            .tcp_header(header)
            .write(&mut packet, octets)
            .map_err(|error| PcapError::IoError(std::io::Error::other(error.to_string())))?;
        let original_len = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        self.writer.write_pcapng_block(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: self.clock.wall(at),
            original_len,
            data: Cow::Owned(packet),
            options: Vec::new(),
        })?;
        Ok(())
    }
}

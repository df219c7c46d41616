//! What a receiver makes of all that its peer sends, RFC 6455 §5 to §8 and RFC 7692 §6: events and the first breach, each
//! with the octet that makes it certain.

use super::inflate::{Inflated, Stop, inflate};
use super::wire::{Breach, Header, Judge, Reader, header, masked};

/// What was agreed on, and how much is taken.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The receiver is a server.
    pub server: bool,
    /// How the peer compresses, if it may.
    pub deflate: Option<Deflate>,
    /// The most octets of a message.
    pub max_message: usize,
    /// The most frames of a message.
    pub max_fragments: usize,
    /// Binary messages are taken.
    pub binary: bool,
}

/// How one side compresses.
#[derive(Clone, Copy, Debug)]
pub struct Deflate {
    /// The next message may refer to those before.
    pub takeover: bool,
    /// Octets of the window.
    pub window: usize,
}

/// What the peer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A Close.
    Close(Option<(u16, String)>),
}

/// All that comes of a peer's octets.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Events, each with the octets it took.
    pub said: Vec<(usize, Said)>,
    /// The first rule broken.
    pub breach: Option<Breach>,
    /// The largest distance in a compressed message.
    pub farthest: usize,
}

/// Blocks with BFINAL that a message may have; what README and docs say, not the code's constant.
const MAX_FINAL_BLOCKS: usize = 1024;

/// A message of which not all has come.
struct UnderWay {
    text: bool,
    compressed: bool,
    fragments: usize,
    announced: u64,
    /// The payload that has come, each octet with where it stands.
    octets: Vec<(u8, usize)>,
}

struct Receiver<'a> {
    rules: &'a Rules,
    message: Option<UnderWay>,
    /// What compressed messages have said, if the window goes on.
    context: Vec<u8>,
    verdict: Verdict,
}

/// Judges all octets that a peer sends.
pub fn read(octets: &[u8], rules: &Rules) -> Verdict {
    let mut receiver = Receiver { rules, message: None, context: Vec::new(), verdict: Verdict::default() };
    let mut breaches: Vec<Breach> = receiver.frames(octets).err().into_iter().collect();
    if let Some(message) = receiver.message.take() {
        breaches.extend(receiver.judge(&message, None).err());
    }
    receiver.verdict.breach = breaches.into_iter().min_by_key(|breach| breach.at);
    if let Some(breach) = receiver.verdict.breach {
        receiver.verdict.said.retain(|(at, _)| *at < breach.at);
    }
    receiver.verdict
}

impl Judge for Receiver<'_> {
    fn start(&mut self, _fin: bool, _rsv1: bool, opcode: u8) -> Result<(), u16> {
        match (&self.message, opcode) {
            (_, 8..) => Ok(()),
            // §5.4: a message after a message, fragments of each together.
            (None, 0) | (Some(_), 1..) => Err(1002),
            (None, 2) if !self.rules.binary => Err(1003),
            (Some(message), _) if message.fragments == self.rules.max_fragments => Err(1008),
            _ => Ok(()),
        }
    }

    fn length(&mut self, rsv1: bool, opcode: u8, payload_len: u64) -> Result<(), u16> {
        if opcode == 8 && payload_len == 1 {
            return Err(1002);
        }
        let max = self.rules.max_message as u64;
        let (compressed, announced) =
            self.message.as_ref().map_or((rsv1, 0), |message| (message.compressed, message.announced));
        let most = if compressed { max + max / 8 + 64 } else { max };
        if opcode < 8 && announced + payload_len > most { Err(1009) } else { Ok(()) }
    }
}

impl Receiver<'_> {
    /// Frame after frame, to the end, a Close or a breach that shows in a frame by itself.
    fn frames(&mut self, octets: &[u8]) -> Result<(), Breach> {
        let reader = Reader { server: self.rules.server, deflate: self.rules.deflate.is_some() };
        let mut start = 0;
        let shift = |start| move |breach: Breach| Breach { at: breach.at + start, ..breach };
        while let Some(header) = header(&octets[start..], reader, self).map_err(shift(start))? {
            start += header.len;
            let len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
            let end = octets.len().min(start.saturating_add(len));
            let payload = masked(&octets[start..end], header.key);
            let is_whole = end - start == len;
            if header.opcode >= 8 {
                if !is_whole || self.control(header.opcode, payload, end)? {
                    return Ok(());
                }
            } else {
                self.data(&header, &payload, start, is_whole)?;
                if !is_whole {
                    return Ok(());
                }
            }
            start = end;
        }
        Ok(())
    }

    /// A control frame that ends here; whether it is the last.
    fn control(&mut self, opcode: u8, payload: Vec<u8>, at: usize) -> Result<bool, Breach> {
        let said = match opcode {
            9 => Said::Ping(payload),
            10 => Said::Pong(payload),
            _ if payload.is_empty() => Said::Close(None),
            _ => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                // §7.4.1, §7.4.2, and the registry for 1012 to 1014.
                let registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
                if !registered.contains(&code) && !(3000..5000).contains(&code) {
                    return Err(Breach { at, code: 1002 });
                }
                let reason = String::from_utf8(payload[2..].to_vec());
                Said::Close(Some((code, reason.map_err(|_| Breach { at, code: 1007 })?)))
            }
        };
        let is_close = matches!(said, Said::Close(_));
        self.verdict.said.push((at, said));
        Ok(is_close)
    }

    /// What has come of a data frame.
    fn data(&mut self, header: &Header, payload: &[u8], start: usize, is_whole: bool) -> Result<(), Breach> {
        let mut message = self.message.take().unwrap_or_else(|| UnderWay {
            text: header.opcode == 1,
            compressed: header.rsv1,
            fragments: 0,
            announced: 0,
            octets: Vec::new(),
        });
        message.fragments += 1;
        message.announced += header.payload_len;
        message.octets.extend(payload.iter().enumerate().map(|(i, &octet)| (octet, start + i + 1)));
        if header.fin && is_whole {
            let end = start + payload.len();
            let said = self.judge(&message, Some(end))?;
            self.verdict.said.extend(said.map(|said| (end, said)));
        } else {
            self.message = Some(message);
        }
        Ok(())
    }

    /// Judges what has come of a message, which ends at `end` if it does.
    fn judge(&mut self, message: &UnderWay, end: Option<usize>) -> Result<Option<Said>, Breach> {
        let (octets, broken) = match self.rules.deflate {
            Some(deflate) if message.compressed => self.inflate(message, deflate, end),
            _ => (message.octets.clone(), None),
        };
        let plain: Vec<u8> = octets.iter().map(|(octet, _)| *octet).collect();
        let mut text = String::new();
        if message.text {
            match std::str::from_utf8(&plain) {
                Ok(valid) => text.push_str(valid),
                // §8.1: as soon as no octet that may come can mend it, or when none comes.
                Err(error) => {
                    if error.error_len().is_some() {
                        let certain = (1..=4).find(|len| {
                            let octets = plain.get(error.valid_up_to()..error.valid_up_to() + len);
                            octets.is_some_and(|octets| {
                                std::str::from_utf8(octets).is_err_and(|error| error.error_len().is_some())
                            })
                        });
                        let last = error.valid_up_to() + certain.unwrap_or(1) - 1;
                        return Err(Breach { at: octets[last].1, code: 1007 });
                    }
                    if let (Some(at), None) = (end, broken) {
                        return Err(Breach { at, code: 1007 });
                    }
                }
            }
        }
        match (broken, end) {
            (Some(breach), _) => Err(breach),
            (None, None) => Ok(None),
            (None, Some(_)) if message.text => Ok(Some(Said::Text(text))),
            (None, Some(_)) => Ok(Some(Said::Binary(plain))),
        }
    }

    /// The inflated octets, each with where the octet stands that makes it certain, and what is wrong behind them.
    fn inflate(
        &mut self,
        message: &UnderWay,
        deflate: Deflate,
        end: Option<usize>,
    ) -> (Vec<(u8, usize)>, Option<Breach>) {
        let payload: Vec<u8> = message.octets.iter().map(|(octet, _)| *octet).collect();
        let Inflated { octets, stop, at, whole, farthest } =
            inflate(&payload, &self.context, deflate.window, self.rules.max_message, MAX_FINAL_BLOCKS);
        let place = |read: usize| message.octets.get(read.wrapping_sub(1)).map_or(0, |(_, place)| *place);
        let code = match stop {
            Stop::More => None,
            Stop::Corrupt => Some(1007),
            Stop::TooBig => Some(1009),
            Stop::TooManyFinal => Some(1008),
        };
        let breach = code.map(|code| Breach { at: place(at), code });
        let cut_off = end.filter(|_| !whole).map(|at| Breach { at, code: 1007 });
        if deflate.takeover && end.is_some() {
            self.context.extend(octets.iter().map(|(octet, _)| octet));
            let surplus = self.context.len().saturating_sub(deflate.window);
            self.context.drain(..surplus);
        }
        self.verdict.farthest = self.verdict.farthest.max(farthest);
        (octets.into_iter().map(|(octet, read)| (octet, place(read))).collect(), breach.or(cut_off))
    }
}

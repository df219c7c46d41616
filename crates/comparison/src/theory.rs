//! What theory expects of each transport: delays, requests, octets. Measured figures are held against it.
//!
//! In the spirit of RFC 6202 §2.2 and §4, worked out for posts that come as a Poisson process.
//!
//! # The model
//!
//! - `d`: delay each way (s). A post, due at time 0, is in the log at `d`; what the server says arrives `d` later. So
//!   nobody has a message before `2d`, and whatever a transport adds is the time that the message lies in the log.
//! - `λ`: messages a second, a Poisson process: how long it was since the last one says nothing of the next.
//! - `R = 2d`: from the server's answer to the arrival of that client's next request at once after it.
//! - `F`: what the floor (below) takes for as many clients. Beyond it, server, relay and load take no time: what is
//!   measured beside is a transport's own work.
//!
//! # Streams: HTTP/2 streaming, WebSocket
//!
//! The server writes when the message is there: it lies in the log for no time. Delivery `2d + F`, no requests.
//!
//! # Polling
//!
//! A client asks, is answered `2d` later, pauses for `T`: a request reaches the server every `C = T + 2d`. A message
//! comes at any moment of that cycle alike, so it lies for a time that is uniform on `[0, C]`: delivery is uniform on
//! `[2d, 2d + C]`, its mean `2d + C/2`, its p-th quantile `2d + pC`. There are `1/C` requests a second whatever the
//! rate, so `1/(λC)` a message; a part `e^(-λC)` of the answers is empty. Each client is answered by itself, so `F` is no
//! part of it.
//!
//! An answer has at most `B` messages, and a full one is followed by the next request at once. So a cycle has `k`
//! requests, the least number that carries what comes meanwhile, `λ(T + 2dk) ≤ kB`: `k/(λ(T + 2dk))` a message.
//!
//! # Long polling
//!
//! From each answer, the client has no request at the server for `R`; a message that comes then lies until the next
//! request arrives, the others for no time. Begin at an answer. The gap `R` sees `N` messages, Poisson with mean `λR`.
//! If there are some, the next request is answered with them at once. If there are none (`e^(-λR)`), it waits, at most
//! `W`, and is answered with one message (`1 - e^(-λW)`) or with none. So an answer has, in the mean,
//!
//! > `m = λR + e^(-λR) (1 - e^(-λW))` messages,
//!
//! and there are `1/m` requests a message: 1 at low rates (and `λR` small), `1/(λR)` at high ones, where long polling
//! has become polling without a pause. Messages of the gap, `λR` an answer, lie for `R/2` in the mean, so
//!
//! > delivery `= 2d + F + (λR / m) R/2`, between `2d + F` and `3d + F`;
//!
//! A part `g = λR/m` of the messages lies for a time that is uniform on `[0, R]`, the others for none: its p-th quantile
//! is `2d + F` up to `p = 1 - g`, and `R (p - (1 - g)) / g` more beyond.
//!
//! RFC 6202 §2.2 names the worst case, three transits from server to client and back: here a message that comes just
//! after an answer, at `2d + R = 4d` from its being due, the post's own transit included.
//!
//! # The time to the first message
//!
//! | over | transits | expected |
//! | --- | --- | --- |
//! | a connection that is open | request, answer | `2d` |
//! | a new one: HTTP, and HTTP/2 with prior knowledge | TCP's handshake, then the same | `4d` |
//! | the same with TLS 1.3 | one round trip more (RFC 8446 §2) | `6d` |
//! | a WebSocket: its first batch follows the 101 | TCP's handshake, then the same | `4d` |
//!
//! # The kernel's floor
//!
//! A message to `n` clients is `n` sends, whatever the transport: nothing sends one buffer to many TCP connections. The
//! floor is the server that does only this, measured as a subject of its own through the same relay by the same load. `F`
//! is what its mean delivery takes beyond `2d`: the sends, the relay's timers (1 ms is their unit, each way), the load's
//! reading. Nothing that delivers to so many clients is measured as faster. Where a record has no floor for as many
//! clients, `F` is 0.
//!
//! Sizes are in [`sizes`].

pub mod sizes;

/// The parameters of the model, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Delay each way (s).
    pub delay: f64,
    /// Messages (a second).
    pub rate: f64,
}

impl Model {
    /// The model of a case: its delay each way in milliseconds, its messages a second.
    pub fn new(delay_ms: u32, rate: f64) -> Self {
        Self { delay: f64::from(delay_ms) / 1_000.0, rate }
    }

    /// What nobody can be faster than, `2d` (s); the delivery of a stream.
    pub fn transit(self) -> f64 {
        2.0 * self.delay
    }

    /// Time between two requests of a polling client, `C = T + 2d` (s), for a pause of `T` s.
    pub fn polling_cycle(self, pause: f64) -> f64 {
        pause + 2.0 * self.delay
    }

    /// The `part`-th quantile (0 to 1) of polling's delivery, `2d + pC` (s); at 0.5 also its mean.
    pub fn polling_delivery(self, pause: f64, part: f64) -> f64 {
        self.transit() + part * self.polling_cycle(pause)
    }

    /// Requests of a polling client a message, `k/(λ(T + 2dk))`, where an answer has at most `most` messages.
    pub fn polling_requests(self, pause: f64, most: f64) -> f64 {
        let spare = most - self.rate * self.transit();
        if spare <= 0.0 {
            // It never gets to its pause.
            return 1.0 / most;
        }
        let requests = (self.rate * pause / spare).ceil().max(1.0);
        requests / (self.rate * (pause + requests * self.transit()))
    }

    /// Messages an answer of long polling, `m`, for a wait of at most `wait` s.
    pub fn long_polling_messages(self, wait: f64) -> f64 {
        let gap = self.rate * 2.0 * self.delay;
        gap + (-gap).exp() * (1.0 - (-self.rate * wait).exp())
    }

    /// Requests of a long-polling client a message, `1/m`.
    pub fn long_polling_requests(self, wait: f64) -> f64 {
        1.0 / self.long_polling_messages(wait)
    }

    /// Mean delivery of long polling, `2d + (λR/m) R/2` (s).
    pub fn long_polling_delivery(self, wait: f64) -> f64 {
        let round = 2.0 * self.delay;
        self.transit() + self.rate * round / self.long_polling_messages(wait) * round / 2.0
    }

    /// The `part`-th quantile (0 to 1) of long polling's delivery (s).
    pub fn long_polling_quantile(self, wait: f64, part: f64) -> f64 {
        let round = 2.0 * self.delay;
        let late = self.rate * round / self.long_polling_messages(wait);
        let lies = if late > 0.0 { ((part - (1.0 - late)) / late).max(0.0) } else { 0.0 };
        self.transit() + lies * round
    }

    /// Time to the first message over a new connection: `4d`, with TLS 1.3 `6d` (s).
    pub fn first_message_cold(self, tls: bool) -> f64 {
        if tls { 6.0 * self.delay } else { 4.0 * self.delay }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(measured: f64, expected: f64, tolerance: f64) {
        let off = (measured - expected).abs();
        assert!(off <= tolerance * expected, "{measured} for {expected}");
    }

    #[test]
    fn long_polling_becomes_a_stream_when_messages_are_rare_and_polling_when_they_are_many() {
        let rare = Model::new(80, 0.5);
        near(rare.long_polling_requests(25.0), 1.0, 0.01);
        near(rare.long_polling_delivery(25.0), rare.transit(), 0.05);
        let many = Model::new(80, 1_000.0);
        near(many.long_polling_requests(25.0), many.polling_requests(0.0, f64::INFINITY), 0.001);
        near(many.long_polling_delivery(25.0), many.polling_delivery(0.0, 0.5), 0.001);
    }

    #[test]
    fn waits_that_end_empty_are_requests_too() {
        let silent = Model::new(0, 0.01);
        // A message every 100 s, asked for every 25 s: about 4 and a half requests for each.
        near(silent.long_polling_requests(25.0), 1.0 / (1.0 - (-0.25_f64).exp()), 1e-9);
    }

    #[test]
    fn a_poll_that_fills_its_answer_asks_again() {
        // 1,000 a second: a pause of 1 s and five round trips of 40 ms bring 1,200, and five answers carry 1,280.
        near(Model::new(20, 1_000.0).polling_requests(1.0, 256.0), 5.0 / 1_200.0, 1e-9);
        near(Model::new(20, 10.0).polling_requests(1.0, 256.0), 1.0 / 10.4, 1e-9);
        // A round trip brings more than an answer carries.
        near(Model::new(200, 1_000.0).polling_requests(1.0, 256.0), 1.0 / 256.0, 1e-9);
    }

    /// The formulas against the process they are derived from, played out.
    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index into 60,000 times")]
    fn the_formulas_agree_with_a_played_out_process() {
        fastrand::seed(6202);
        for (delay_ms, rate) in [(20, 2.0), (80, 5.0), (200, 5.0), (200, 0.1)] {
            let model = Model::new(delay_ms, rate);
            let (round, wait) = (model.transit(), 25.0);
            let arrivals = arrivals(rate, 60_000);
            let (mut requests, mut lain, mut next, mut asked) = (0_u32, Vec::new(), 0, 0.0);
            while let Some(&first) = arrivals.get(next) {
                requests += 1;
                let answered = if first <= asked { asked } else { first.min(asked + wait) };
                while let Some(&arrival) = arrivals.get(next)
                    && arrival <= answered
                {
                    lain.push(answered - arrival);
                    next += 1;
                }
                asked = answered + round;
            }
            let messages = arrivals.len() as f64;
            near(f64::from(requests) / messages, model.long_polling_requests(wait), 0.02);
            let mean = lain.iter().sum::<f64>() / messages;
            near(model.transit() + mean, model.long_polling_delivery(wait), 0.02);
            lain.sort_by(f64::total_cmp);
            for part in [0.1, 0.5, 0.9, 0.99] {
                let measured = lain[((messages * part) as usize).min(lain.len() - 1)];
                near(model.transit() + measured, model.long_polling_quantile(wait, part), 0.02);
            }
            let cycle = model.polling_cycle(1.0);
            let polled = arrivals.iter().map(|arrival| cycle - arrival % cycle).sum::<f64>() / messages;
            near(model.transit() + polled, model.polling_delivery(1.0, 0.5), 0.02);
        }
    }

    fn arrivals(rate: f64, count: usize) -> Vec<f64> {
        let mut time = 0.0;
        let next = |_| {
            time += -(1.0 - fastrand::f64()).ln() / rate;
            time
        };
        (0..count).map(next).collect()
    }
}

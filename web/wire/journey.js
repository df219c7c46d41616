/**
 * One chat message on the wire: the units that its post and its delivery consist of, found among what passed.
 *
 * A draft is found by its nonce, a delivery by the message's id; with either belongs the exchange around it, for that is
 * what it cost. Where several clients follow, the delivery is the one nearest to when the panel showed the message. A
 * stream's or a socket's opening is no message's: it is shared by all that come after.
 */

/** @typedef {import('./list.js').Entry} Entry */
/** @typedef {import('../frame-channel.js').WireWish} Wish */

/**
 * @typedef {object} Leg
 * @property {Entry} carrier the unit with the message's octets in it
 * @property {Entry[]} units in the order they passed, the carrier among them
 */

/** @typedef {{ posted: Leg | undefined, delivered: Leg | undefined }} Journey */

/** Heads of HTTP/1.1 are fields from end to end. */
const HEADS = new Set(['request', 'response']);
/** A HEADERS frame's own header. */
const FRAME_HEADER_OCTETS = 9;

/**
 * @param {readonly Entry[]} entries of all transports, oldest first
 * @param {string} transport that delivered it
 * @param {Wish} wish
 * @param {number} shownAt when the panel showed it, on the server's clock
 * @returns {Journey}
 */
export function journeyOf(entries, transport, { id, nonce }, shownAt) {
  const isDraft = (/** @type {Entry} */ one) => nonce !== undefined && one.from === 'client' && one.nonces.includes(nonce);
  // Sent again, it is the last that was taken, or as good as it.
  const draft = entries.findLast(isDraft);
  const posted = draft && exchangeOf(entries, draft);
  const answers = new Set(posted?.units);
  let carrier;
  for (const one of entries) {
    if (one.transport !== transport || one.from !== 'server' || !one.messages.includes(id) || answers.has(one)) continue;
    if (!carrier || Math.abs(one.at - shownAt) < Math.abs(carrier.at - shownAt)) carrier = one;
  }
  return { posted, delivered: carrier && exchangeOf(entries, carrier) };
}

/**
 * @param {readonly Entry[]} entries
 * @param {Entry} carrier
 * @returns {Leg}
 */
export function exchangeOf(entries, carrier) {
  const sameConnection = entries.filter(({ transport, connection }) => transport === carrier.transport && connection === carrier.connection);
  // A frame of a WebSocket stands alone.
  const request = requestOf(sameConnection, carrier);
  if (!request) return { carrier, units: [carrier] };
  // What goes on after it, or began long before, is a stream of which this is one frame.
  const answer = sameConnection.filter((one) => one.of === request.id);
  const isPost = / POST |^POST /.test(request.name) || request.name.includes(', POST');
  if (request.stream !== undefined && !isPost) return { carrier, units: [carrier] };
  const units = new Set([request, ...answer, carrier]);
  return { carrier, units: sameConnection.filter((one) => units.has(one)) };
}

/**
 * @param {Entry[]} entries of one connection
 * @param {Entry} carrier
 */
function requestOf(entries, carrier) {
  if (carrier.of !== undefined) return entries.find(({ id }) => id === carrier.of);
  // A content from the client belongs to the request before it.
  if (carrier.kind !== 'content' && carrier.kind !== 'chunk') return undefined;
  return entries.findLast(({ id, kind }) => id < carrier.id && kind === 'request');
}

/**
 * Octets of start lines and header fields in a unit.
 * @param {Entry} entry
 */
export function fieldOctets({ kind, octets }) {
  if (HEADS.has(kind)) return octets;
  return kind === 'HEADERS' ? Math.max(0, octets - FRAME_HEADER_OCTETS) : 0;
}

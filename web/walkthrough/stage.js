/** What the slides and their notes say to one another, from one window of a browser to another. */

import { isObject } from '../protocol.js';

/** So that only windows on the same page are in step. */
const NAME = `crosstalk.walkthrough ${location.pathname}`;

/**
 * What is shown: a slide of this `section`, its title, what comes next, how many slides there are, and the minutes.
 * @typedef {{ type: 'at', section: string, title: string, next: string, place: string, planned: number, total: number, seconds: number, isRunning: boolean }} At
 */

/**
 * `at`: what is shown. `move`: so many slides on. `where`: the notes were opened. `turn`: it goes on with the chapter at `path`.
 * @typedef {At | { type: 'move', by: number } | { type: 'where' } | { type: 'turn', path: string }} Cue
 */

/**
 * @param {(cue: Cue) => void} onCue
 * @returns {(cue: Cue) => void} says one
 */
export function openStage(onCue) {
  const channel = new BroadcastChannel(NAME);
  channel.addEventListener('message', ({ data }) => {
    const cue = read(data);
    if (cue) onCue(cue);
  });
  return (cue) => channel.postMessage(cue);
}

/**
 * @param {unknown} value
 * @returns {Cue | undefined}
 */
function read(value) {
  if (!isObject(value)) return undefined;
  const { type, section, title, next, place, planned, total, seconds, isRunning, by, path } = value;
  if (type === 'where') return { type };
  if (type === 'turn' && typeof path === 'string' && path.startsWith('/walkthrough/')) return { type, path };
  if (type === 'move' && typeof by === 'number') return { type, by };
  if (type !== 'at' || typeof section !== 'string' || typeof title !== 'string' || typeof next !== 'string') return undefined;
  if (typeof place !== 'string' || typeof planned !== 'number' || typeof total !== 'number' || typeof seconds !== 'number' || typeof isRunning !== 'boolean') return undefined;
  return { type, section, title, next, place, planned, total, seconds, isRunning };
}

/**
 * The minutes of this page, up to the end of a section if there is one.
 * @param {HTMLElement} [section]
 */
export function minutesTo(section) {
  let minutes = 0;
  for (const other of document.querySelectorAll('section.idea')) {
    if (other instanceof HTMLElement) minutes += Number(other.dataset.minutes ?? 0);
    if (other === section) break;
  }
  return minutes;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

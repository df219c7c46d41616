/** The courses, and what a learner told of them: what is read of the wall, and what follows from it. */

import { isObject } from '../protocol.js';

/** @typedef {{ name: string, title: string, minutes: number }} Step */
/** @typedef {{ name: string, title: string, steps: Step[] }} Track */
/** @typedef {{ address: string, now: number, tracks: Track[] }} Plan */

/**
 * What a learner told last.
 * @typedef {object} Standing
 * @property {string} [track] none before the first
 * @property {string} [step] the one under way
 * @property {boolean} [passed] whether the last check passed
 * @property {number} minutes at that step, when it was told
 * @property {ReadonlyMap<string, number>} done minutes of each step that is
 * @property {string} [stuckAt] the check that failed, of who wants it to be seen
 * @property {boolean} left
 */

/** @typedef {{ at: number, standing: Standing }} Row `at`: when the wall was told, by its clock */

/**
 * How somebody stands with one step. `stuck`: a check of it fails, and it takes longer than was planned.
 * @typedef {{ state: 'done' | 'at' | 'stuck' | 'ahead', minutes?: number, check?: string }} Cell
 */

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : undefined);
/** @param {unknown} value */
const number = (value) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined);
/** @param {unknown} value @returns {unknown[]} */
const list = (value) => (Array.isArray(value) ? value : []);

/**
 * @param {unknown} value of `/plan`
 * @returns {Plan | undefined}
 */
export function readPlan(value) {
  if (!isObject(value)) return undefined;
  const now = number(value.now);
  if (now === undefined) return undefined;
  const tracks = list(value.tracks).flatMap((track) => {
    if (!isObject(track)) return [];
    const steps = list(track.steps).flatMap((step) => {
      if (!isObject(step)) return [];
      return { name: text(step.name) ?? '', title: text(step.title) ?? '', minutes: number(step.minutes) ?? 0 };
    });
    return { name: text(track.name) ?? '', title: text(track.title) ?? '', steps };
  });
  return { address: text(value.address) ?? '', now, tracks };
}

/**
 * @param {string} json the text of a message of the wall's log
 * @returns {Row | undefined}
 */
export function readRow(json) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !isObject(value.standing)) return undefined;
  const { standing } = value;
  const done = Object.entries(isObject(standing.done) ? standing.done : {});
  return {
    at: number(value.at) ?? 0,
    standing: {
      track: text(standing.track),
      step: text(standing.step),
      passed: typeof standing.passed === 'boolean' ? standing.passed : undefined,
      minutes: number(standing.minutes) ?? 0,
      done: new Map(done.flatMap(([step, minutes]) => (number(minutes) === undefined ? [] : [[step, Number(minutes)]]))),
      stuckAt: text(standing.stuck_at),
      left: standing.left === true,
    },
  };
}

/**
 * @param {Row} row
 * @param {Step} step of its track
 * @param {number} now on the wall's clock
 * @returns {Cell}
 */
export function cellOf({ at, standing }, step, now) {
  const took = standing.done.get(step.name);
  if (took !== undefined) return { state: 'done', minutes: took };
  if (standing.step !== step.name) return { state: 'ahead' };
  const minutes = standing.minutes + Math.max(0, Math.floor((now - at) / 60_000));
  const isStuck = standing.passed === false && standing.stuckAt !== undefined && minutes > step.minutes;
  return isStuck ? { state: 'stuck', minutes, check: standing.stuckAt } : { state: 'at', minutes };
}

/**
 * The middle one of some numbers; of two in the middle their mean, rounded.
 * @param {number[]} numbers
 */
export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : Math.round((low + high) / 2);
}

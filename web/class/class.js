/**
 * The wall of a class: follows the wall's log as a chat page follows its own, and shows the last that each learner told.
 *
 * A name is text that somebody chose, and goes into the page as text only.
 */

import { ConnectionState } from '../connection-state.js';
import { find, made, setText } from '../dom.js';
import { LogClient } from '../log-client.js';
import { makeThemeSwitch } from '../theme-switch.js';
import { connect } from '../transports/long-polling.js';
import { readPlan, readRow } from './plan.js';
import { Table } from './table.js';

/** From one look at the clock to the next, in milliseconds: minutes are shown. */
const CLOCK_MS = 10_000;
/** From one question for the plan to the next, in milliseconds. */
const AGAIN_MS = 2_000;
/** The longest wait for the plan, in milliseconds. */
const PLAN_TIMEOUT_MS = 5_000;

const page = {
  counts: find('counts', HTMLElement),
  state: find('state', HTMLElement),
  stateWords: find('state-words', HTMLElement),
  tracks: find('tracks', HTMLElement),
  join: find('join', HTMLElement),
  problem: find('problem', HTMLElement),
  themeSwitch: find('theme-switch', HTMLButtonElement),
};

/** What each learner told last. @type {Map<string, import('./plan.js').Row>} */
const rows = new Map();
/** By the name of their track. @type {Map<string, Table>} */
const tables = new Map();
/** Those of no track that is known. */
const others = made('p', 'others');
/** The wall's clock less this page's, in milliseconds. */
let ahead = 0;

void start();

async function start() {
  makeThemeSwitch(page.themeSwitch);
  const plan = await askForPlan();
  ahead = plan.now - Date.now();
  setText(page.join, `cargo workshop join ${plan.address} --name NAME`);
  for (const track of plan.tracks) {
    const table = new Table(track);
    tables.set(track.name, table);
    page.tracks.append(table.element);
  }
  page.tracks.append(others);
  show();
  const connection = new ConnectionState(page.state, page.stateWords, () => {}, () => {});
  const client = new LogClient(connect, new URL('/messages', location.href), {
    onState: (state) => connection.show(state),
    onMessages(arrived) {
      for (const { message } of arrived) take(message);
      show();
    },
    // The log of a wall that was started again begins with what it kept.
    onReset() {
      rows.clear();
      show();
    },
    onMissed() {},
    onPost() {},
    onDiscarded() {},
  });
  client.start();
  setInterval(show, CLOCK_MS);
}

async function askForPlan() {
  for (;;) {
    try {
      const response = await fetch('/plan', { cache: 'no-store', signal: AbortSignal.timeout(PLAN_TIMEOUT_MS) });
      const plan = response.ok ? readPlan(await response.json()) : undefined;
      if (plan) {
        setText(page.problem, '');
        return plan;
      }
    } catch {
      // As when it answers with an error: asked again below.
    }
    setText(page.problem, 'The wall does not answer; it is asked again.');
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** @param {import('../protocol.js').Message} message */
function take({ user, text }) {
  const row = readRow(text);
  if (!row) return;
  if (row.standing.left) rows.delete(user);
  else rows.set(user, row);
}

function show() {
  const now = Date.now() + ahead;
  const sorted = [...rows].toSorted(([one], [other]) => one.localeCompare(other, 'en'));
  let stuck = 0;
  for (const [name, table] of tables) stuck += table.show(sorted.filter(([, { standing }]) => standing.track === name), now);
  const elsewhere = sorted.filter(([, { standing }]) => standing.track === undefined || !tables.has(standing.track));
  others.hidden = elsewhere.length === 0;
  others.replaceChildren('No track yet: ', ...elsewhere.flatMap(([name], at) => [at === 0 ? '' : ', ', made('bdi', 'name', name)]));
  const learners = rows.size === 0 ? 'nobody yet' : rows.size === 1 ? '1 learner' : `${rows.size} learners`;
  setText(page.counts, stuck === 0 ? learners : `${learners}, ${stuck} stuck`);
}

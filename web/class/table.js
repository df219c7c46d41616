/** The table of one track: a row for each learner, a column for each step, and below them plan against real minutes. */

import { made, setText } from '../dom.js';
import { cellOf, median } from './plan.js';

/** @typedef {import('./plan.js').Cell} Cell */
/** @typedef {import('./plan.js').Row} Row */

/** What a state is called where it cannot be seen. */
const WORDS = { done: 'done in', at: 'at it for', stuck: 'stuck for', ahead: 'not begun' };

/** Up to so many learners the letters are large. */
const FEW = 12;
const MANY = 24;

/** A cell that shows how somebody stands with one step. */
class StepCell {
  element = made('td', '');
  #words = made('span', 'hidden');
  #minutes = made('span', 'minutes');
  #check = made('span', 'check');

  constructor() {
    const mark = made('span', 'mark');
    mark.setAttribute('aria-hidden', 'true');
    this.element.append(mark, this.#words, this.#minutes, this.#check);
  }

  /** @param {Cell} cell */
  show({ state, minutes, check }) {
    if (this.element.dataset.state !== state) this.element.dataset.state = state;
    setText(this.#words, `${WORDS[state]} `);
    setText(this.#minutes, minutes === undefined ? '' : `${minutes.toLocaleString('en')} min`);
    setText(this.#check, check ?? '');
  }
}

/** A learner's row. */
class Line {
  element = made('tr', '');
  #now = made('span', 'now');
  /** @type {StepCell[]} */
  #cells;

  /**
   * @param {string} name
   * @param {import('./plan.js').Step[]} steps
   */
  constructor(name, steps) {
    this.element.dataset.learner = name;
    const head = made('th', 'learner');
    head.scope = 'row';
    const shown = made('bdi', 'name', name);
    shown.title = name;
    head.append(shown, this.#now);
    this.#cells = steps.map(() => new StepCell());
    this.element.append(head, ...this.#cells.map(({ element }) => element));
  }

  /** @param {Cell[]} cells */
  show(cells) {
    cells.forEach((cell, at) => this.#cells[at]?.show(cell));
    const at = cells.findIndex(({ state }) => state === 'at' || state === 'stuck');
    setText(this.#now, at < 0 ? 'all done' : `step ${at + 1}, ${cells[at]?.minutes ?? 0} min`);
  }
}

export class Table {
  element = made('section', 'track');
  #steps;
  #body = made('tbody', '');
  /** @type {HTMLElement[]} */
  #medians;
  /** @type {Map<string, Line>} */
  #lines = new Map();

  /** @param {import('./plan.js').Track} track */
  constructor({ name, title, steps }) {
    this.#steps = steps;
    this.element.dataset.transport = name;
    const head = made('tr', '');
    const learner = made('th', 'learner', 'Learner');
    learner.scope = 'col';
    head.append(learner, ...steps.map(makeHead));
    const foot = made('tr', '');
    const label = made('th', 'learner', 'Median');
    label.scope = 'row';
    this.#medians = steps.map(() => made('td', 'minutes', '–'));
    foot.append(label, ...this.#medians);
    const [top, bottom] = [made('thead', ''), made('tfoot', '')];
    top.append(head);
    bottom.append(foot);
    const table = made('table', '');
    table.append(made('caption', '', title), top, this.#body, bottom);
    const scroller = made('div', 'table-scroller');
    scroller.tabIndex = 0;
    scroller.setAttribute('role', 'region');
    scroller.setAttribute('aria-label', title);
    scroller.append(table);
    this.element.append(scroller);
  }

  /**
   * Shows these learners, in this order.
   * @param {[string, Row][]} rows
   * @param {number} now on the wall's clock
   * @returns {number} how many are stuck
   */
  show(rows, now) {
    this.element.hidden = rows.length === 0;
    this.element.dataset.size = rows.length <= FEW ? 'few' : rows.length <= MANY ? 'some' : 'many';
    const shown = rows.map(([name, row]) => ({ name, cells: this.#steps.map((step) => cellOf(row, step, now)) }));
    for (const [name, line] of this.#lines) {
      if (shown.some((row) => row.name === name)) continue;
      line.element.remove();
      this.#lines.delete(name);
    }
    shown.forEach(({ name, cells }, at) => {
      const line = this.#lines.get(name) ?? new Line(name, this.#steps);
      this.#lines.set(name, line);
      line.show(cells);
      // Moved only where it must be: a row that is looked at stays.
      if (this.#body.children[at] !== line.element) this.#body.insertBefore(line.element, this.#body.children[at] ?? null);
    });
    this.#steps.forEach((step, at) => {
      const took = shown.flatMap(({ cells }) => (cells[at]?.state === 'done' ? (cells[at].minutes ?? []) : []));
      const element = this.#medians[at];
      const middle = median(took);
      if (element) setText(element, middle === undefined ? '–' : `${middle} min`);
      element?.classList.toggle('is-over', middle !== undefined && middle > step.minutes);
    });
    return shown.filter(({ cells }) => cells.some(({ state }) => state === 'stuck')).length;
  }
}

/**
 * The head of a step's column.
 * @param {import('./plan.js').Step} step
 * @param {number} at
 */
function makeHead({ title, minutes }, at) {
  const head = made('th', 'step');
  head.scope = 'col';
  head.title = `${title}, ${minutes} minutes planned`;
  head.append(made('span', 'number', String(at + 1)), made('span', 'title', title), made('span', 'plan', `plan ${minutes} min`));
  return head;
}
